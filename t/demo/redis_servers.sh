# shellcheck shell=bash
# Sourced by stores of several Redis servers: each at a port of its own.

. "$here/redis.sh"

servers=()

# redis PORT COMMAND...
redis() {
    local port=$1
    shift
    "$redis_cli" -h 127.0.0.1 -p "$port" "$@" 2> /dev/null
}

# start_server [CONFIGURATION] OPTION...: sets server_port and server_pid. That
# of a cluster's bus is 10000 higher.
start_server() {
    local dir
    while :; do
        server_port=$(free_port)
        dir=$work/$server_port
        mkdir -p "$dir"
        "$redis_server" "$@" --port "$server_port" --bind 127.0.0.1 --dir "$dir" \
            > "$dir/log" 2>&1 &
        server_pid=$!
        eventually serving_or_gone || break
        ! kill -0 "$server_pid" 2> /dev/null || return 0
        # Somebody was faster: once more with another port.
        grep -qi 'already in use\|failed listening' "$dir/log" || break
    done
    die "a Redis server does not start:
$(tail -n 20 "$dir/log")"
}

# It may be another server that answers.
serving_or_gone() {
    (($(redis "$server_port" info server | numbers ':' process_id) \
        == server_pid)) || ! kill -0 "$server_pid" 2> /dev/null
}

# each PORT... FUNCTION: whether it succeeds with all of them.
each() {
    local port
    for port in "${@:1:$#-1}"; do
        "${!#}" "$port" || return 1
    done
}

# has_all REPLICA MASTER: whether as many keys have arrived.
has_all() {
    local wanted
    wanted=$(redis "$2" dbsize)
    (($(redis "$1" dbsize) >= wanted))
}
