# shellcheck shell=bash
# Sourced by demo.sh: a Redis Cluster of three masters and three replicas.

. "$here/redis_servers.sh"
. "$here/failover.sh"

store_title="a Redis Cluster"

start_store() {
    local port addresses=() pids=()
    for _ in {1..6}; do
        start_server --cluster-enabled yes --cluster-node-timeout 1000 \
            --cluster-require-full-coverage no \
            --cluster-replica-no-failover yes --repl-diskless-sync-delay 0
        addresses+=("127.0.0.1:$server_port")
        servers+=("$server_port")
        pids+=("$server_pid")
    done
    # The first three become masters.
    masters=("${servers[@]:0:3}")
    master_pid=${pids[0]}
    "$redis_cli" --cluster create "${addresses[@]}" --cluster-replicas 1 \
        --cluster-yes > "$work/create.log" 2>&1 ||
        die "cannot create the cluster: $(cat "$work/create.log")"
    eventually each "${servers[@]}" serves || die "the cluster does not settle"
    for port in "${servers[@]:3}"; do
        eventually follows "$port" || die "a replica has no master"
    done
    store_parameters="cluster=on ${addresses[*]/#/addr=}"
    store_addresses=("${addresses[@]/#/redis:}")
}

# Whether all slots have a master, according to this server.
serves() {
    local info
    info=$(redis "$1" cluster info)
    [[ $info == *cluster_state:ok* && $info == *cluster_slots_ok:16384* ]]
}

follows() {
    [[ $(redis "$1" info replication) == *master_link_status:up* ]]
}

replicated() {
    local port of
    for port in "${servers[@]:3}"; do
        of=$(redis "$port" info replication | numbers ':' master_port)
        if ((of == masters[0])); then
            has_all "$port" "$of"
            return
        fi
    done
    return 1
}

is_missed() {
    each "${servers[@]:1}" misses_slots
}

misses_slots() {
    [[ $(redis "$1" cluster info) != *cluster_slots_fail:0* ]]
}

fail_over() {
    local port
    for port in "${servers[@]:3}"; do
        redis "$port" config set cluster-replica-no-failover no > /dev/null
    done
}

# The living servers have given the dead one up.
has_failed_over() {
    each "${servers[@]:1}" serves_without_it
}

serves_without_it() {
    serves "$1" && ! redis "$1" cluster slots | grep -qx "${masters[0]}"
}
