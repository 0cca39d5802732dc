# shellcheck shell=bash
# Sourced by demo.sh: one memcached.

. "$here/one_server.sh"

store_title="a memcached"
store_note=" (the nodes' PINGs among them)"

# "quit" makes it close, which ends the reading.
stats() {
    perl -MIO::Socket::INET -MIO::Socket::UNIX -e '
        $memcached = $ARGV[1] ? IO::Socket::INET->new("127.0.0.1:$ARGV[1]")
                              : IO::Socket::UNIX->new($ARGV[0]) or exit 1;
        print $memcached "stats\r\nquit\r\n";
        print while <$memcached>' "$work/store.sock" "$store_port" |
        tr -d '\r'
}

run_store() {
    local user=() at=(-s "$work/store.sock")
    ((EUID)) || user=(-u root)
    [[ ! $store_port ]] || at=(-l 127.0.0.1 -p "$store_port" -U 0)
    exec memcached "${at[@]}" "${user[@]}"
}

store_answers() {
    [[ $(stats) == *END* ]]
}

store_size() {
    stats | numbers ' ' curr_items
}

# PINGs are among the misses: look-ups that find nothing.
store_lookups() {
    stats | numbers ' ' get_hits get_misses
}
