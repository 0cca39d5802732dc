# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# What a lookup adds to the time of a resumption, by how far away the store is:
# directly, and 1 and 5 ms through a proxy.

part=4
declare -A delayed_port

prepare() {
    start_redis
    delayed_port[0]=$redis_port
    start_delay_proxy 1
    start_delay_proxy 5
    start_resuming local delayed-0 delayed-1 delayed-5
}

measure() {
    local delay
    for delay in $(in_turn 0 1 5); do
        measure_delay "$delay"
    done
}

measure_delay() {
    local near far trip setting="$1 ms away"
    near=$(median local)
    trip=$(taskset -c "$server_cpu" "$programs/round_trip" \
        --port "${delayed_port[$1]}")
    trip=$(field round_trip_us "$trip")
    far=$(median "delayed-$1")
    sample remote "$setting" local "$near"
    sample remote "$setting" "round trip" "$trip"
    sample remote "$setting" remote "$far"
    sample excess "$setting" excess "$(calculate "$far - $near - $trip")"
}

median() {
    local result
    result=$(client latency --make-port "${port[$1]}" --rate 100 --seconds 2)
    field p50_us "$result"
}
