# shellcheck shell=bash
# Sourced by stores that are one server. Sessions are presented to the other
# node and to their own, and the time of each handshake is shown.
#
# The store defines run_store, store_answers, store_size (the number of its
# sessions) and store_lookups ("HITS MISSES").

all_is_well="every session resumed, at the other node and at its own"
store_port=
store_note=

start_store() {
    local address=unix:$work/store.sock
    if [[ $watched ]]; then
        store_port=$(free_port)
        address=127.0.0.1:$store_port
    fi
    store_parameters="type=$store addr=$address"
    store_addresses=("$store:$address")
    run_store > "$work/store.log" 2>&1 &
    eventually store_answers || die "$store does not answer:
$(tail -n 20 "$work/store.log")"
}

show_store() {
    show_sessions
    show_lookups
}

show_sessions() {
    local protocol
    printf '\nprotocol   made at  presented to  handshake  time, best of 5\n'
    for protocol in TLSv1.2 TLSv1.3; do
        make_session "$protocol"
        present_session B "$protocol"
        present_session A "$protocol"
    done
}

show_lookups() {
    local hits misses
    read -r hits misses <<< "$(store_lookups)"
    printf '\nthe store: hits %d, misses %d%s\n\n' \
        "$hits" "$misses" "$store_note"
}

# A client does not see when its session is in the store, so this waits.
make_session() {
    local protocol=$1 before
    row - A "$(handshakes A "$protocol")"
    before=$(store_size)
    handshake A "$protocol" -o "$work/$protocol.pem" > /dev/null
    eventually more_stored_than "$before" || true
}

more_stored_than() {
    (($(store_size) > $1))
}

present_session() {
    [[ -f $work/$2.pem ]] || return 0
    row A "$1" "$(handshakes "$1" "$2" -i "$work/$2.pem")"
}

# The fastest of a few, because any may have been disturbed. If one was not
# "resumed", one of these.
handshakes() {
    for _ in {1..5}; do
        handshake "$@"
    done | sort -k 2,2 -k 3,3n | sed -n 1p
}

# row MADE_AT PRESENTED_TO "PROTOCOL KIND MICROSECONDS"
row() {
    local protocol kind time
    read -r protocol kind time <<< "$3"
    printf '%-9s  %-7s  %-12s  %-9s  %6s us\n' \
        "$protocol" "$1" "$2" "$kind" "$time"
    [[ $1 == - || $kind == resumed ]] ||
        complain "not resumed: $protocol, made at $1, presented to $2: $kind"
}
