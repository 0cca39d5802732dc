#!/usr/bin/env bash
# Runs in a root file system with Debian's nginx and the packages, and
# configures them as a new user would.
#
# usage: newcomer.sh resume | removed
#
# resume: two nodes resume each other's sessions in http, stream and mail.
# removed: nginx works without the packages, which were removed.
set -euo pipefail

# The other node's. Its ports begin with 9 instead of 8.
other=/etc/nginx-other
failed=0

say() {
    printf '    %s\n' "$*"
}

fail() {
    say "$* FAILED"
    failed=1
}

eventually() {
    local deadline=$((SECONDS + 20))
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# The configuration without the module: a server in each of the three.
write_servers() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -keyout /etc/nginx/key.pem -out /etc/nginx/certificate.pem 2> /dev/null
    local protocols="ssl_protocols TLSv1.2 TLSv1.3;"
    local certificate="ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;"
    # Debian's http has the protocols.
    cat > /etc/nginx/conf.d/server.conf << END
        $certificate
        server { listen 8443 ssl; return 200 "hello\n"; }
END
    cat >> /etc/nginx/nginx.conf << END
        stream {
            include /etc/nginx/stream.d/*.conf;
            $certificate $protocols
            server { listen 8444 ssl; return "hello\n"; }
        }
        mail {
            include /etc/nginx/mail.d/*.conf;
            $certificate $protocols
            auth_http 127.0.0.1:8001;
            server { listen 8143; protocol imap; starttls on; }
            server { listen 8993 ssl; protocol imap; }
        }
END
    mkdir -p /etc/nginx/stream.d /etc/nginx/mail.d
}

# The three lines of configuration.
use_module() {
    local context
    for context in conf stream mail; do
        echo "remote_ssl_session_cache $*;" \
            > "/etc/nginx/$context.d/session_cache.conf"
    done
}

copy_to_other_node() {
    rm -rf "$other"
    cp -a /etc/nginx "$other"
    find "$other" -type f -exec sed -i "s|/etc/nginx/|$other/|;
        s|listen 8|listen 9|; s|/run/nginx.pid|/run/nginx-other.pid|" {} +
    # One packaged site, on port 80, is enough.
    rm -f "$other/sites-enabled/default"
}

nodes() {
    nginx "$@" 2>> nginx.log
    nginx -c "$other/nginx.conf" "$@" 2>> nginx.log
}

# A client, which ends by itself: visit PORT PROTOCOL OPTION...
visit() {
    local port=$1 protocol=$2 said=$'GET / HTTP/1.0\r\n\r\n'
    shift 2
    case $port in
        ?143) set -- -starttls imap "$@" ;;&
        ?143 | ?993) said=$'a LOGOUT\r\n' ;;
    esac
    timeout 10 openssl s_client -connect "127.0.0.1:$port" "-$protocol" \
        -ign_eof "$@" <<< "$said" 2>&1
}

answers() {
    visit "$1" tls1_2 | grep -q '^New, TLS'
}

# Tries until a session of the first node resumes at the other. The store may
# need a moment.
resumes() {
    rm -f session.pem
    visit "8$1" "$2" -sess_out session.pem > visit.log || true
    eventually resumes_at "9$1" "$2"
}

resumes_at() {
    visit "$1" "$2" -sess_in session.pem > visit.log || true
    grep -q '^Reused, TLS' visit.log
}

check_services() {
    local port node protocol
    for port in 443 444 143 993; do
        for node in 8 9; do
            eventually answers "$node$port" ||
                fail "port $node$port does not answer"
        done
        for protocol in tls1_2 tls1_3; do
            if resumes "$port" "$protocol"; then
                say "$1, port $port, $protocol: resumed at the other node"
            else
                fail "$1, port $port, $protocol:"
            fi
        done
    done
}

check_log() {
    ! grep -E '\[(error|crit|alert|emerg)\]' /var/log/nginx/error.log ||
        fail "the error log"
}

resume() {
    redis-server --save '' > redis.log &
    memcached -u nobody > memcached.log &
    write_servers
    use_module addr=127.0.0.1
    copy_to_other_node
    nodes
    check_services redis
    (umask 077 && openssl rand -out /etc/nginx/session.key 80)
    use_module addr=127.0.0.1 type=memcached key=session.key
    copy_to_other_node
    nodes -s reload
    check_services memcached
    ngx-ssl-session-cache-debug --version |
        grep -q "^ngx_ssl_session_cache/[0-9]" ||
        fail "the debug program"
    nodes -s quit
    check_log
    rm -rf "$other"
}

removed() {
    rm /etc/nginx/*.d/session_cache.conf
    nginx -t -q
    nginx
    eventually answers 8443 || fail "nginx without the packages"
    ! find /etc /usr /var/lib/nginx | grep -i ssl.session.cache ||
        fail "something was not removed"
    check_log
    say "nginx works without them"
}

cd "$(mktemp -d)"
"$1"
((failed == 0))
