# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# To suspend and resume: a coroutine, and a job of OpenSSL's.

prepare() {
    :
}

measure() {
    local result
    result=$(taskset -c "$server_cpu" "$out/switches")
    sample switches - coroutine "$(field coroutine_ns "$result")"
    sample switches - async "$(field async_ns "$result")"
}
