# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Sourced by run.sh: what is measured. Starts a private Redis and one nginx with
# one worker for each variant, all on loopback, all files under $work; sets
# port[variant] and worker[variant]; stop_servers ends what was started.

declare -A port worker
started=()

# Below the ephemeral range, from which the client's own ports are taken.
free_port() {
    local p
    while :; do
        p=$((10000 + RANDOM % 20000))
        (: <>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || break
    done
    echo "$p"
}

start_redis() {
    redis_port=$(free_port)
    taskset -c "$store_cpu" redis-server --save "" --appendonly no \
        --bind 127.0.0.1 --port "$redis_port" --dir "$work" \
        --unixsocket "$work/redis.sock" --unixsocketperm 777 \
        >"$work/redis.log" &
    started+=($!)
}

start_memcached() {
    memcached_port=$(free_port)
    taskset -c "$store_cpu" memcached -u root -l 127.0.0.1 \
        -p "$memcached_port" -U 0 >"$work/memcached.log" &
    started+=($!)
}

make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

# The lines of a server block in which the variants differ.
variant_directives() {
    case $1 in
    shared | shared-again)
        echo "ssl_session_cache shared:SSL:20m; ssl_session_tickets off;" ;;
    redis)
        echo "remote_ssl_session_cache addr=127.0.0.1 port=$redis_port;" ;;
    redis-unix)
        echo "remote_ssl_session_cache addr=unix:$work/redis.sock;" ;;
    memcached)
        echo "remote_ssl_session_cache type=memcached" \
            "addr=127.0.0.1:$memcached_port;" ;;
    *)
        die "unknown variant: $1" ;;
    esac
}

variant_module() {
    case $1 in
    redis* | memcached) echo "load_module \"$module\";" ;;
    esac
}

nginx_conf() {
    cat <<EOF
$(variant_module "$1")
worker_processes 1;
error_log "$work/$1/error.log" warn;
pid "$work/$1/nginx.pid";
events { }
http {
    access_log off;
    client_body_temp_path "$work/$1/body";
    proxy_temp_path "$work/$1/proxy";
    fastcgi_temp_path "$work/$1/fastcgi";
    uwsgi_temp_path "$work/$1/uwsgi";
    scgi_temp_path "$work/$1/scgi";
    server {
        listen 127.0.0.1:${port[$1]} ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate "$work/cert.pem";
        ssl_certificate_key "$work/key.pem";
        $(variant_directives "$1")
        location / { return 204; }
    }
}
EOF
}

start_nginx() {
    port[$1]=$(free_port)
    mkdir -p "$work/$1"
    nginx_conf "$1" >"$work/$1/nginx.conf"
    taskset -c "$server_cpu" nginx -p "$work/$1" -c "$work/$1/nginx.conf" \
        -e "$work/$1/error.log" -g "daemon off;" &
    started+=($!)
    wait_for "nginx ($1)" worker_of "$1" $!
}

worker_of() {
    worker[$1]=$(pgrep -P "$2")
}

# Neither a listening server nor a connected store announces itself.
wait_for() {
    local what=$1 tries=100
    shift
    until "$@"; do
        ((--tries)) || die "$what does not come up"
        sleep 0.1
    done
}

stop_servers() {
    local pid
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait
}
