# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# Worker CPU of a resumption while others are suspended: they wait for a frozen
# store, and those that are measured are answered by another one.

part=10
wanted=50000

prepare() {
    local enough=$((wanted * 16 / 15 + 1000))
    connections=$((file_limit - 100))
    ((connections < enough)) || connections=$enough
    start_redis
    start_healthy_redis
    start_nginx suspended healthy
    trap 'stop_servers; restore_map_count' EXIT
    raise_map_count $((2 * wanted + 10000))
    steps=(100 1000 10000 "$(most)")
}

# Each one needs a connection, of which nginx keeps the last sixteenth free,
# and a stack of two mappings.
most() {
    local most=$((connections * 15 / 16 - 500)) maps
    maps=$(($(sysctl -n vm.max_map_count) / 2 - 2000))
    ((most < maps)) || most=$maps
    if ((most >= wanted)); then
        echo "$wanted"
        return
    fi
    note "$wanted suspended handshakes are more than this machine allows" \
        "(files: $file_limit, half of vm.max_map_count: $((maps + 2000)));" \
        "\"most\" is $most."
    echo "$most"
}

measure() {
    local count
    for count in $(in_turn "${steps[@]}"); do
        restart_suspended 2
        measure_with "$count"
    done
}

measure_with() {
    local result cpu name=$1
    (($1 == wanted || $1 <= 10000)) || name=most
    worker[healthy]=${worker[suspended]}
    result=$(client hold --port "${port[suspended]}" --count "$1" \
        --worker "${worker[suspended]}" -- "$programs/load" --make-port \
        "${port[healthy]}" --worker "${worker[healthy]}" --protocol 1.2 \
        --concurrency 16 --sessions "$sessions" --handshakes 4000)
    check_suspended "$1"
    cpu=$(field cpu_ns "$result")
    sample suspended "TLS 1.2" "$name" "$(calculate "$cpu / 4000 / 1000")"
}

# What is measured would not be so many if the worker had been short of stacks.
check_suspended() {
    ! grep -E 'no stack|not enough|\[(crit|alert|emerg)\]' \
        "$work/suspended/error.log" >&2 || die "fewer than $1 are suspended"
}
