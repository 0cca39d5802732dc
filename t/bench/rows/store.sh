# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# The CPU of the store, all of its threads, for a handshake: what an operator
# multiplies by handshakes a second (docs/stores.md).

part=4

prepare() {
    start_redis
    start_memcached
    start_resuming redis memcached tickets
    # Whose CPU the client measures.
    worker[redis]=$redis_pid
    worker[tickets]=$redis_pid
    worker[memcached]=$memcached_pid
}

measure() {
    local protocol variant
    for protocol in 1.2 1.3; do
        for variant in $(in_turn redis memcached tickets); do
            measure_store "$protocol" resumed "$variant"
            kind=full measure_store "$protocol" full "$variant"
        done
    done
}

# measure_store PROTOCOL SETTING VARIANT
measure_store() {
    local result cpu
    result=$(repeat load "$3" "$1" 16 $((2 * handshakes)))
    cpu=$(field cpu_ns "$result")
    sample "store-$1" "$2" "$3" "$(calculate "$cpu / $handshakes / 2000")"
}
