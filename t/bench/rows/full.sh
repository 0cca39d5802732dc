# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Full handshakes, with and without the store; and how many handshakes a worker
# makes in a second, full and resumed through Redis, both as follows from its
# CPU time and as a client gets that never lets it idle.

part=2

prepare() {
    start_redis
    start_resuming shared redis
}

measure() {
    local protocol variant
    for protocol in 1.2 1.3; do
        for variant in $(in_turn shared redis resumed); do
            measure_kind "$variant" "$protocol"
        done
    done
}

measure_kind() {
    local server=$1 kind=full result cpu elapsed
    [[ $1 != resumed ]] || server=redis kind=resumed
    result=$(repeat load "$server" "$2" 32 "$handshakes")
    cpu=$(field cpu_ns "$result")
    elapsed=$(field elapsed_ns "$result")
    sample full "TLS $2" "$1" "$(calculate "$cpu / $handshakes / 1000")"
    sample rate-cpu "TLS $2" "$1" "$(calculate "$handshakes * 1e9 / $cpu")"
    sample rate-load "TLS $2" "$1" "$(calculate "$handshakes * 1e9 / $elapsed")"
}
