# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Worker CPU with tickets=shared, compared with nginx's ssl_session_ticket_key:
# a resumption, one client and 16 at once, and a full handshake. And how many
# requests the store has for each resumption, with tickets=off, too.

prepare() {
    start_redis
    start_resuming ticket-file tickets redis
}

measure() {
    local protocol clients variant
    restart_nginx ticket-file
    restart_nginx tickets
    warm_up_resuming ticket-file
    warm_up_resuming tickets
    for protocol in 1.2 1.3; do
        for variant in $(in_turn ticket-file tickets); do
            for clients in 16 1; do
                measure_cpu "tickets-$protocol" "$clients at once" \
                    "$variant" "$protocol" "$clients"
            done
            kind=full measure_cpu tickets-full "TLS $protocol" \
                "$variant" "$protocol" 16
        done
        measure_requests redis "$protocol"
        measure_requests tickets "$protocol"
    done
}

# measure_cpu KEY SETTING VARIANT PROTOCOL CLIENTS
measure_cpu() {
    local result cpu
    result=$(repeat load "$3" "$4" "$5" $((2 * handshakes)))
    cpu=$(field cpu_ns "$result")
    sample "$1" "$2" "$3" "$(calculate "$cpu / $handshakes / 2000")"
}

# Without the sessions that are resumed. PINGs are among them, and whatever a
# worker does of its own accord.
measure_requests() {
    local before after
    before=$(redis_commands)
    load "$1" "$2" 16 "$handshakes" >"$work/requests" || return 1
    after=$(redis_commands)
    local made
    made=$(made_requests "$1" "$2")
    sample "requests-$2" "16 at once" "$1" \
        "$(calculate "($after - $before - 1 - $made) / $handshakes")"
}

# What the sessions cost that are made first.
made_requests() {
    local before after
    before=$(redis_commands)
    load "$1" "$2" 16 1 >"$work/requests" || return 1
    after=$(redis_commands)
    echo $((after - before - 1))
}
