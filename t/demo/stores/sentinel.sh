# shellcheck shell=bash
# Sourced by demo.sh: a primary and its replica, and the three Sentinels that
# watch them.

. "$here/redis_servers.sh"
. "$here/failover.sh"

store_title="a Redis with a replica, three Sentinels"
sentinels=()

start_store() {
    start_server --repl-diskless-sync-delay 0
    masters=("$server_port")
    master_pid=$server_pid
    start_server --replicaof "127.0.0.1 ${masters[0]}"
    replica=$server_port
    for _ in {1..3}; do
        start_sentinel
    done
    local port
    eventually each "${sentinels[@]}" knows_all ||
        die "the Sentinels do not find each other"
    store_parameters=sentinel=demo
    for port in "${sentinels[@]}"; do
        store_parameters+=" addr=127.0.0.1:$port"
    done
    store_addresses=("redis:127.0.0.1:${masters[0]}" "redis:127.0.0.1:$replica")
}

# A Sentinel writes to its configuration.
start_sentinel() {
    local file=$work/sentinel.${#sentinels[@]}
    cat > "$file" << END
sentinel monitor demo 127.0.0.1 ${masters[0]} 2
sentinel down-after-milliseconds demo 600000
sentinel failover-timeout demo 3000
END
    start_server "$file" --sentinel
    sentinels+=("$server_port")
}

knows_all() {
    [[ $(redis "$1" info sentinel) == *slaves=1,sentinels=3* ]]
}

replicated() {
    has_all "$replica" "${masters[0]}"
}

# They were configured to wait with that.
is_missed() {
    return 0
}

fail_over() {
    local port
    for port in "${sentinels[@]}"; do
        redis "$port" sentinel set demo down-after-milliseconds 500 > /dev/null
    done
}

has_failed_over() {
    each "${sentinels[@]}" names_replica
}

names_replica() {
    [[ $(redis "$1" sentinel get-master-addr-by-name demo) == *"$replica" ]]
}
