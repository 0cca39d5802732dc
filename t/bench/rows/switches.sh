# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# To suspend and resume: a coroutine, and a job of OpenSSL's. And what that is
# of a resumption: its coroutine starts, waits for the store and ends, and the
# store's client waits for the answer, each of which is such a pair or less.

pairs=4

prepare() {
    start_redis
    start_resuming redis
}

measure() {
    local result cpu of_one
    result=$(taskset -c "$server_cpu" "$programs/switches")
    of_one=$(field coroutine_ns "$result")
    sample switches - coroutine "$of_one"
    sample switches - async "$(field async_ns "$result")"

    result=$(repeat load redis 1.2 16 "$handshakes")
    cpu=$(field cpu_ns "$result")
    sample coroutines "16 at once" coroutine \
        "$(calculate "100 * $pairs * $of_one * $handshakes / $cpu")"
}
