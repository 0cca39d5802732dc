# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Lookups per second on one connection to Redis, which is on the other CPU.

part=2

prepare() {
    start_redis
}

measure() {
    local result
    result=$(client lookups --port "$redis_port")
    sample pipeline "100 at once" single "$(field single "$result")"
    sample pipeline "100 at once" pipelined "$(field pipelined "$result")"
}
