#!/usr/bin/env bash
# Two nginx nodes share a Redis or a memcached: TLS sessions that were made at
# node A are presented to node B, and to A again. Everything is private to the
# run and lives in a temporary directory.
#
# usage: demo.sh MODULE.so [--store redis | memcached] [--keep] [--watched]
#
# With an empty MODULE.so it is in the nginx on PATH. --watched is for the debug
# program: the store is on a TCP port, descriptor 3 is told where everything is,
# and a line on standard input starts the clients.
set -euo pipefail

here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
client=$here/../../build/demo/client
server_name=localhost
declare -A port
not_resumed=()

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '==> %s\n' "$*"
}

# Polls: neither Redis nor nginx nor the store announces what it has done.
eventually() {
    local deadline=$((SECONDS + 10))
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.02
    done
}

# Ends the servers, which are this shell's only jobs.
finish() {
    local servers
    mapfile -t servers <<< "$(jobs -p)"
    kill "${servers[@]}" 2> /dev/null || true
    wait
    rm -rf "$work"
}

show_logs() {
    local node
    for node in A B; do
        printf '\nThe end of node %s'\''s error log:\n' "$node"
        tail -n 20 "$work/$node/error.log" || true
    done
} >&2

build_client() {
    [[ ! $client -nt $here/client.cpp ]] || return 0
    say "building the client"
    mkdir -p "${client%/*}"
    g++ -std=c++20 -O2 -Wall -Wextra "$here/client.cpp" -o "$client" \
        -lssl -lcrypto
}

make_secrets() {
    (umask 077 && openssl rand -out "$work/sealing.key" 80)
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
        -subj "/CN=$server_name" -addext "subjectAltName=DNS:$server_name" \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2> /dev/null
}

# Of each store: whether it answers, its start, its number of sessions, and
# "HITS MISSES".

redis() {
    redis-cli -s "$work/store.sock" "$@" 2> /dev/null
}

redis_answers() {
    [[ $(redis ping) == PONG ]]
}

redis_start() {
    exec redis-server --port "${store_port:-0}" --bind 127.0.0.1 \
        --unixsocket "$work/store.sock" --dir "$work" \
        --save '' --appendonly no
}

redis_size() {
    redis dbsize
}

redis_lookups() {
    redis info stats | tr -d '\r' |
        numbers ':' keyspace_hits keyspace_misses
}

# "quit" makes it close, which ends the reading.
memcached_stats() {
    perl -MIO::Socket::INET -MIO::Socket::UNIX -e '
        $memcached = $ARGV[1] ? IO::Socket::INET->new("127.0.0.1:$ARGV[1]")
                              : IO::Socket::UNIX->new($ARGV[0]) or exit 1;
        print $memcached "stats\r\nquit\r\n";
        print while <$memcached>' "$work/store.sock" "$store_port" |
        tr -d '\r'
}

memcached_answers() {
    [[ $(memcached_stats) == *END* ]]
}

memcached_start() {
    local user=() at=(-s "$work/store.sock")
    ((EUID)) || user=(-u root)
    [[ ! $store_port ]] || at=(-l 127.0.0.1 -p "$store_port" -U 0)
    exec memcached "${at[@]}" "${user[@]}"
}

memcached_size() {
    memcached_stats | numbers ' ' curr_items
}

# The nodes' PINGs are among the misses: look-ups that find nothing.
memcached_lookups() {
    memcached_stats | numbers ' ' get_hits get_misses
}

# numbers SEPARATOR NAME...: those that follow the names.
numbers() {
    local separator=$1
    shift
    awk -F "$separator" -v names="$*" '
        { value[$(NF - 1)] = $NF }
        END {
            n = split(names, name, " ")
            for (i = 1; i <= n; ++i)
                printf "%d%s", value[name[i]], i < n ? " " : "\n"
        }'
}

start_store() {
    store_address=unix:$work/store.sock
    if [[ $watched ]]; then
        store_port=$(free_port)
        store_address=127.0.0.1:$store_port
    fi
    "${store}_start" > "$work/store.log" 2>&1 &
    eventually "${store}_answers" || die "$store does not answer:
$(tail -n 20 "$work/store.log")"
}

# Below the ephemeral ports, which any program's connections may take.
free_port() {
    local candidate
    while :; do
        candidate=$((10000 + RANDOM % 20000))
        (: <> "/dev/tcp/127.0.0.1/$candidate") 2> /dev/null || break
    done
    echo "$candidate"
}

node_configuration() {
    local node=$1 dir=$work/$1
    # Workers of another user could not enter the temporary directory.
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

    remote_ssl_session_cache type=$store addr=$store_address
        "key=$work/sealing.key";

    server {
        listen 127.0.0.1:${port[$node]} ssl;
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
        port[$node]=$(free_port)
        node_configuration "$node" > "$dir/nginx.conf"
        : > "$dir/error.log"
        nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" \
            > /dev/null 2>&1 &
        eventually started_or_gone "$dir/nginx.pid" $! || break
        [[ ! -s $dir/nginx.pid ]] || return 0
        # Somebody was faster: once more with another port.
        grep -q 'bind() .* failed (98:' "$dir/error.log" || break
    done
    die "node $node does not start:
$(tail -n 20 "$dir/error.log")"
}

# handshake NODE PROTOCOL [OPTION FILE]: what the client says of it.
handshake() {
    local node=$1 protocol=$2
    shift 2
    timeout 10 "$client" -c "127.0.0.1:${port[$node]}" -n "$server_name" \
        -a "$work/certificate.pem" -p "$protocol" "$@" ||
        echo "$protocol failed -"
}

# The fastest of a few, as any may have been disturbed; of a kind that is not
# "resumed", if there was one.
handshakes() {
    for _ in {1..5}; do
        handshake "$@"
    done | sort -k 2,2 -k 3,3n | sed -n 1p
}

# row MADE_AT PRESENTED_TO "PROTOCOL KIND MICROSECONDS"
row() {
    local protocol kind time
    read -r protocol kind time <<< "$3"
    printf '%-9s  %-7s  %-12s  %-9s  %6s us\n' \
        "$protocol" "$1" "$2" "$kind" "$time"
    [[ $1 == - || $kind == resumed ]] ||
        not_resumed+=("$protocol, made at $1, presented to $2: $kind")
}

more_stored_than() {
    (($("${store}_size") > $1))
}

# A client does not see when a node has handed its session to the store.
make_session() {
    local protocol=$1 before
    row - A "$(handshakes A "$protocol")"
    before=$("${store}_size")
    handshake A "$protocol" -o "$work/$protocol.pem" > /dev/null
    eventually more_stored_than "$before" || true
}

present_session() {
    [[ -f $work/$2.pem ]] || return 0
    row A "$1" "$(handshakes "$1" "$2" -i "$work/$2.pem")"
}

show_sessions() {
    local protocol
    printf '\nprotocol   made at  presented to  handshake  time, best of 5\n'
    for protocol in TLSv1.2 TLSv1.3; do
        make_session "$protocol"
        present_session B "$protocol"
        present_session A "$protocol"
    done
}

show_store() {
    local hits misses note=
    [[ $store == redis ]] || note=" (the nodes' PINGs among them)"
    read -r hits misses <<< "$("${store}_lookups")"
    printf '\nthe store: %d hits, %d misses%s\n\n' \
        "$hits" "$misses" "$note"
}

# As the debug program reads it: a word and a value a line.
announce_fleet() {
    local node
    echo "store $store:$store_address"
    echo "key $work/sealing.key"
    for node in A B; do
        echo "tls ${port[$node]}"
        echo "log $work/$node/error.log"
    done
    echo "ready now"
} >&3

show_fleet() {
    local node option=-sess_out
    for node in A B; do
        cat << END
node $node
    https://127.0.0.1:${port[$node]}/
    $work/$node/nginx.conf
    printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -quiet \\
        -connect 127.0.0.1:${port[$node]} -CAfile $work/certificate.pem \\
        $option $work/session.pem
END
        option=-sess_in
    done
    echo "Node A's line makes a session, node B's presents it." \
        "Ctrl-C ends the nodes."
}

parse() {
    module=${1?the module is missing}
    store=redis
    keep=
    watched=
    store_port=
    log_level=info
    shift
    while (($#)); do
        case $1 in
        --keep) keep=1 ;;
        --watched)
            watched=1
            log_level=debug
            ;;
        --store)
            store=${2-}
            shift
            ;;
        *) die "no such option: $1" ;;
        esac
        shift
    done
    [[ $store == redis || $store == memcached ]] ||
        die "no such store: $store (redis or memcached)"
}

main() {
    parse "$@"
    build_client
    local base=${TMPDIR:-/tmp}
    # A Unix socket's path has at most 107 bytes, and none here is quoted.
    [[ ${#base} -lt 60 && $base != *[[:space:]]* ]] || base=/tmp
    work=$(mktemp -d "$base/tls-demo.XXXXXX")
    trap finish EXIT
    trap 'exit 1' INT TERM HUP

    say "starting a $store and two nginx nodes in $work"
    make_secrets
    start_store
    start_node A
    start_node B
    if [[ $watched ]]; then
        announce_fleet
        read -r
    fi
    show_sessions
    show_store
    if ((${#not_resumed[@]})); then
        printf 'demo: not resumed: %s\n' "${not_resumed[@]}" >&2
        show_logs
        exit 1
    fi
    say "every session resumed, at the other node and at its own"
    if [[ $keep ]]; then
        show_fleet
        trap 'exit 0' INT TERM HUP
        wait
    fi
}

main "$@"
