# shellcheck shell=bash
# Sourced by demo.sh: the two nginx nodes.

declare -A node_port

make_secrets() {
    (umask 077 && openssl rand -out "$work/sealing.key" 80)
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
        -subj "/CN=$server_name" -addext "subjectAltName=DNS:$server_name" \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2> /dev/null
}

node_configuration() {
    local node=$1 dir=$work/$1
    # Workers of another user cannot enter the temporary directory.
    ((EUID)) || echo "user root;"
    [[ ! $module ]] || echo "load_module \"$module\";"
    cat << END
daemon off;
pid "$dir/nginx.pid";
error_log "$dir/error.log" $log_level;
events { }
http {
    access_log off;
    client_body_temp_path "$dir/client_body";
    proxy_temp_path "$dir/proxy";
    fastcgi_temp_path "$dir/fastcgi";
    uwsgi_temp_path "$dir/uwsgi";
    scgi_temp_path "$dir/scgi";

    map \$ssl_session_reused \$handshake {
        default full;
        r       resumed;
    }

    remote_ssl_session_cache $store_parameters
        "key=$work/sealing.key";

    server {
        listen 127.0.0.1:${node_port[$node]} ssl;
        server_name $server_name;
        ssl_certificate "$work/certificate.pem";
        ssl_certificate_key "$work/key.pem";
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {
            default_type text/plain;
            return 200 "node $node, \$ssl_protocol, \$handshake\n";
        }
    }
}
END
}

# nginx writes its pid once it has its port.
started_or_gone() {
    [[ -s $1 ]] || ! kill -0 "$2" 2> /dev/null
}

start_node() {
    local node=$1 dir=$work/$1
    mkdir "$dir"
    while :; do
        node_port[$node]=$(free_port)
        node_configuration "$node" > "$dir/nginx.conf"
        : > "$dir/error.log"
        nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" \
            > /dev/null 2>&1 &
        eventually started_or_gone "$dir/nginx.pid" $! || break
        [[ ! -s $dir/nginx.pid ]] || return 0
        # Somebody else took the port: try another one.
        grep -q 'bind() .* failed (98:' "$dir/error.log" || break
    done
    die "node $node does not start:
$(tail -n 20 "$dir/error.log")"
}

show_logs() {
    local node
    for node in A B; do
        printf '\nThe end of node %s'\''s error log:\n' "$node"
        tail -n 20 "$work/$node/error.log" || true
    done
} >&2

# For the debug program: a word and a value on each line.
announce_fleet() {
    local node
    printf 'store %s\n' "${store_addresses[@]}"
    echo "key $work/sealing.key"
    for node in A B; do
        echo "tls ${node_port[$node]}"
        echo "log $work/$node/error.log"
    done
    echo "ready now"
} >&3

show_fleet() {
    local node option=-sess_out
    for node in A B; do
        cat << END
node $node
    https://127.0.0.1:${node_port[$node]}/
    $work/$node/nginx.conf
    printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -quiet \\
        -connect 127.0.0.1:${node_port[$node]} -CAfile $work/certificate.pem \\
        $option $work/session.pem
END
        option=-sess_in
    done
    echo "Node A's line makes a session, node B's presents it." \
        "Ctrl-C ends the nodes."
}
