# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Early data that is accepted once in the fleet, compared with early data that
# is accepted as often as it comes: worker CPU of a resumption with a request in
# early data, and the client's median until its handshake is complete. A worker
# accepts none in the first minute: it is the same one in all rounds.

prepare() {
    start_redis
    start_resuming early-any early-once
    echo "== early: a minute, until it is accepted" >&2
    local tries=90
    until early early-once 1 10 >"$work/warm-up" 2>&1; do
        ((--tries)) || die "no early data is accepted"
        sleep 1
    done
}

# early VARIANT CLIENTS HANDSHAKES [PID of whom to measure]
early() {
    taskset -c "$client_cpu" "$programs/load" --make-port "${port[$1]}" \
        --worker "${4:-${worker[$1]}}" --protocol 1.3 --concurrency "$2" \
        --sessions "$sessions" --handshakes "$3" --early-data on
}

measure() {
    local clients variant result cpu
    result=$(repeat early early-once 16 "$handshakes" "$redis_pid")
    cpu=$(field cpu_ns "$result")
    sample store-1.3 resumed early-once \
        "$(calculate "$cpu / $handshakes / 1000")"
    for clients in 16 1; do
        for variant in $(in_turn early-any early-once); do
            result=$(repeat early "$variant" "$clients" "$handshakes")
            cpu=$(field cpu_ns "$result")
            sample early "$clients at once" "$variant" \
                "$(calculate "$cpu / $handshakes / 1000")"
            sample early-p50 "$clients at once" "$variant" \
                "$(field p50_us "$result")"
        done
    done
}
