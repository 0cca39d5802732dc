# shellcheck shell=bash
# Sourced by demo.sh: the TLS client, and its handshakes.

client=$here/../../build/demo/client
server_name=localhost

build_client() {
    [[ ! $client -nt $here/client.cpp ]] || return 0
    say "building the client"
    mkdir -p "${client%/*}"
    # Another run may be using the present one.
    g++ -std=c++20 -O2 -Wall -Wextra "$here/client.cpp" -o "$client.$$" \
        -lssl -lcrypto
    mv "$client.$$" "$client"
}

# handshake NODE PROTOCOL [OPTION FILE]: prints the client's line about it.
handshake() {
    local node=$1 protocol=$2
    shift 2
    timeout 10 "$client" -c "127.0.0.1:${node_port[$node]}" -n "$server_name" \
        -a "$work/certificate.pem" -p "$protocol" "$@" ||
        echo "$protocol failed -"
}
