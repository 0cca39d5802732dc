# shellcheck shell=bash
# Sourced by demo.sh: one Redis.

. "$here/one_server.sh"
. "$here/redis.sh"

store_title="a Redis"

redis() {
    "$redis_cli" -s "$work/store.sock" "$@" 2> /dev/null
}

run_store() {
    exec "$redis_server" --port "${store_port:-0}" --bind 127.0.0.1 \
        --unixsocket "$work/store.sock" --dir "$work" \
        --save '' --appendonly no
}

store_answers() {
    [[ $(redis ping) == PONG ]]
}

store_size() {
    redis dbsize
}

store_lookups() {
    redis info stats | tr -d '\r' |
        numbers ':' keyspace_hits keyspace_misses
}
