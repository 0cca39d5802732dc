# shellcheck shell=bash
# Sourced by what runs in a root file system with Debian's nginx: clients, and
# how it says what has failed.

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

# A client: visit PORT PROTOCOL OPTION..., which leaves by itself.
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

# resumes_at PORT PROTOCOL: the session in session.pem.
resumes_at() {
    visit "$1" "$2" -sess_in session.pem > visit.log || true
    grep -q '^Reused, TLS' visit.log
}

check_log() {
    ! grep -E '\[(error|crit|alert|emerg)\]' /var/log/nginx/error.log ||
        fail "the error log"
}
