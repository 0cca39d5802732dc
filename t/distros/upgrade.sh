#!/usr/bin/env bash
# Runs in a root file system where newcomer.sh has configured nginx: upgrades
# the packages, as apt does, under an nginx that serves, under one whose
# configuration is broken, and without one.
#
# usage: upgrade.sh OLD NEW: directories with the packages
set -euo pipefail

# shellcheck source=visits.sh
. "$(dirname "${BASH_SOURCE[0]}")/visits.sh"

old=$1 new=$2
pid_file=/run/nginx.pid
broken=/etc/nginx/conf.d/broken.conf

add_status() {
    cat > /etc/nginx/conf.d/status.conf << 'END'
server { listen 127.0.0.1:8080; location /tls { remote_ssl_session_cache_status; } }
END
}

# The module that runs now, or nothing.
running_version() {
    (
        exec 3<> /dev/tcp/127.0.0.1/8080
        printf 'GET /tls HTTP/1.0\r\n\r\n' >&3
        sed -n 's|.*"ngx_ssl_session_cache/\(.*\)".*|\1|p' <&3
    ) 2> /dev/null || true
}

version_in() {
    dpkg-deb -f "$1"/libnginx-mod-http-*.deb Version
}

runs() {
    [[ $(running_version) == $(version_in "$1") ]]
}

# One master, and no other one before or after it.
is_settled() {
    [[ -s $pid_file && ! -e $pid_file.oldbin ]]
}

install_packages() {
    apt-get install -q -y --no-install-recommends --allow-downgrades \
        "$1"/*.deb > install.log 2>&1 || {
        cat install.log
        fail "apt-get install $1"
    }
    [[ ! $(dpkg --audit) ]] || fail "dpkg --audit"
}

# Clients come and come, while there is a file `visiting`.
keep_visiting() {
    while [[ -e visiting ]]; do
        if answers 8443; then
            echo >> welcomed
        else
            date >> refused
        fi
    done
}

upgrade_serving() {
    local clients
    runs "$old" || fail "the old version"
    visit 8443 tls1_2 -sess_out session.pem > visit.log || true
    touch visiting welcomed refused
    keep_visiting &
    clients=$!
    install_packages "$new"
    eventually runs "$new" || fail "the new version"
    eventually is_settled || fail "the old master"
    rm visiting
    wait "$clients"
    [[ -s welcomed && ! -s refused ]] || fail "a client: $(cat refused)"
    resumes_at 8443 tls1_2 || fail "a session from before the upgrade"
    check_log
    say "nginx serves: $(wc -l < welcomed) clients meanwhile, none refused"
}

upgrade_broken() {
    local pid
    pid=$(< $pid_file)
    echo "no_such_directive;" > $broken
    install_packages "$old"
    grep -q "nginx still runs the old version" install.log ||
        fail "nothing is said of the broken configuration"
    [[ $(< $pid_file) == "$pid" ]] || fail "another master"
    answers 8443 || fail "nginx with a broken configuration"
    runs "$new" || fail "the version before"
    rm $broken
    invoke-rc.d nginx upgrade &> /dev/null
    eventually runs "$old" || fail "the version, now that it is mended"
    say "nginx's configuration is broken: it goes on serving, and says so"
}

upgrade_stopped() {
    invoke-rc.d nginx stop &> /dev/null
    install_packages "$new"
    ! answers 8443 || fail "nginx was started"
    invoke-rc.d nginx start &> /dev/null
    eventually runs "$new" || fail "the new version after a start"
    say "nginx does not run: it is left alone"
    invoke-rc.d nginx stop &> /dev/null
}

cd "$(mktemp -d)"
# It keeps packages from starting servers, which here they may.
mv /usr/sbin/policy-rc.d /root
install -m 755 /dev/stdin /usr/sbin/policy-rc.d <<< $'#!/bin/sh\nexit 0'
memcached -u nobody > memcached.log &
add_status
invoke-rc.d nginx start &> /dev/null
eventually answers 8443 || fail "nginx"
upgrade_serving
upgrade_broken
upgrade_stopped
rm /etc/nginx/conf.d/status.conf
: > /var/log/nginx/error.log # which has what was broken
mv /root/policy-rc.d /usr/sbin
((failed == 0))
