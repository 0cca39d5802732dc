# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Worker CPU of a resumption: through each store, and when the local cache has
# the session, compared with nginx's shared cache.

prepare() {
    start_redis
    start_memcached
    start_resuming shared redis memcached local
}

measure() {
    local protocol clients variant result cpu
    for protocol in 1.2 1.3; do
        for clients in 16 1; do
            for variant in $(in_turn shared redis memcached local); do
                result=$(repeat load "$variant" "$protocol" "$clients" \
                    "$handshakes")
                cpu=$(field cpu_ns "$result")
                sample "resume-$protocol" "$clients at once" "$variant" \
                    "$(calculate "$cpu / $handshakes / 1000")"
            done
        done
    done
}
