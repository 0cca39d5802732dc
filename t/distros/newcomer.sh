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

# shellcheck source=visits.sh
. "$(dirname "${BASH_SOURCE[0]}")/visits.sh"

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

# Tries until the session that the first node makes resumes at the other. The
# store may need a moment.
resumes() {
    rm -f session.pem
    visit "8$1" "$2" -sess_out session.pem > visit.log || true
    eventually resumes_at "9$1" "$2"
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
