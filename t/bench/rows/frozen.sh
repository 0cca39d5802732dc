# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# Full handshakes, which do not ask the store, while 1,000 resumptions a second
# come in: with the store healthy, and while it is frozen. The timeout is
# longer than the freeze: what a timeout leads to, full handshakes, is not
# what is measured here. Thousands who wait take memory, whoever they wait for:
# hence also a stock nginx with as many who fall silent.

part=6

prepare() {
    connections=16384
    start_redis
    start_nginx suspended
    start_nginx shared
    wait_for "connection to the store" connected 1
}

measure() {
    local variant nginx more result
    for variant in $(in_turn healthy frozen silent); do
        nginx=suspended more=()
        case $variant in
        frozen) more=(--freeze "$redis_pid") ;;
        silent) nginx=shared more=(--background-is silent) ;;
        esac
        result=$(client latency --make-port "${port[$nginx]}" --kind full \
            --rate 200 --seconds 5 --background 1000 --sessions 1000 \
            "${more[@]}")
        sample frozen "1000/s" "$variant" "$(field p99_us "$result")"
        sample frozen-max "1000/s" "$variant" "$(field max_us "$result")"
    done
}
