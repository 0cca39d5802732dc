# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# What connections cost a Redis that nobody asks anything: 64 workers of a node,
# each with its own connection, which has a PING every `interval` (200 ms).

part=10
idle_workers=64
idle_seconds=3

prepare() {
    start_redis
}

measure() {
    local without with cpu pings bytes
    without=$(redis_says memory used_memory)
    port[redis]=$(free_port)
    mkdir -p "$work/redis"
    nginx_conf redis | sed "s/^worker_processes 1;/worker_processes \
$idle_workers;/" >"$work/redis/nginx.conf"
    run_nginx redis
    wait_for "all connections" all_connected
    with=$(redis_says memory used_memory)
    sample idle-memory "$idle_workers workers" redis \
        "$(calculate "($with - $without) / $idle_workers / 1024")"

    cpu=$(redis_cpu) pings=$(redis_commands)
    bytes=$(redis_says stats total_net_input_bytes)
    sleep "$idle_seconds"
    cpu=$(($(redis_cpu) - cpu)) pings=$(($(redis_commands) - pings - 2))
    bytes=$(($(redis_says stats total_net_input_bytes) - bytes))
    per_connection idle-pings "$pings"
    per_connection idle-bytes "$bytes"
    per_connection idle-cpu "$cpu / 1000"
    kill "${master[redis]}"
    wait "${master[redis]}" || true
    wait_for "their end" none_connected
}

# per_connection KEY EXPRESSION: of one connection, in a second.
per_connection() {
    sample "$1" "$idle_workers workers" redis \
        "$(calculate "$2 / $idle_workers / $idle_seconds")"
}

all_connected() {
    (($(redis_says clients connected_clients) > idle_workers))
}

none_connected() {
    (($(redis_says clients connected_clients) == 1))
}

# Nanoseconds, of all threads.
redis_cpu() {
    cat /proc/"$redis_pid"/task/*/schedstat |
        awk '{ sum += $1 } END { print sum }'
}
