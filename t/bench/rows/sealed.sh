# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Worker CPU of a resumption whose session is sealed, compared with one whose
# session is not. Each round has new workers: where a worker's memory lies makes
# a greater difference than sealing does, and stays the same while it lives.

prepare() {
    start_redis
    start_resuming redis sealed
}

measure() {
    local protocol variant result cpu
    for variant in redis sealed; do
        restart_nginx "$variant"
        warm_up_resuming "$variant"
    done
    for protocol in 1.2 1.3; do
        for variant in $(in_turn redis sealed); do
            result=$(repeat load "$variant" "$protocol" 16 $((2 * handshakes)))
            cpu=$(field cpu_ns "$result")
            sample "sealed-$protocol" "16 at once" "$variant" \
                "$(calculate "$cpu / $handshakes / 2000")"
        done
    done
}
