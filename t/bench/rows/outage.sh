# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# Full handshakes, which do not ask the store, while resumptions come in and
# the store freezes: what waits for it is released at once, by a timeout of
# 200 ms, and makes full handshakes, as all do from then on. That is load, too:
# so beside it, the same where the store has been away all the time. As many
# come in as take 30 % of the worker's CPU when they are full.

part=6

prepare() {
    local result cpu
    connections=4096
    start_redis
    start_nginx outage
    start_nginx away
    wait_for "resumption" warm_up outage 1.2
    result=$(kind=full repeat load outage 1.2 16 "$handshakes")
    cpu=$(field cpu_ns "$result")
    background=$(calculate "0.3 * 1e9 * $handshakes / $cpu")
}

measure() {
    local variant nginx more result
    for variant in $(in_turn healthy frozen away); do
        nginx=outage more=()
        case $variant in
        frozen) more=(--freeze "$redis_pid") ;;
        away) nginx=away ;;
        esac
        result=$(client latency --make-port "${port[outage]}" \
            --port "${port[$nginx]}" --kind full --rate 50 --seconds 3 \
            --background "${background%.*}" --sessions 1000 "${more[@]}")
        sample outage - "$variant" "$(field p99_us "$result")"
        sample outage-max - "$variant" "$(field max_us "$result")"
        wait_for "the store again" warm_up outage 1.2
    done
}
