# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# What sharing sessions saves: of the connections 40 % are of clients that come
# back with a session, to one of 1, 4 or 12 nodes. Each with nginx's own cache,
# to which a load balancer sends clients back (sticky) or does not (random), and
# with the sessions in one Redis.

part=10

prepare() {
    local i
    start_redis
    for i in {1..12}; do
        start_resuming "shared-$i" "redis-$i"
    done
}

measure() {
    local nodes protocol
    for protocol in 1.2 1.3; do
        for nodes in 1 4 12; do
            visit none shared random 0
            visit sticky shared sticky 40
            visit random shared random 40
            visit together redis random 40
        done
    done
}

# visit NAME VARIANT ROUTING PERCENT: all of the visits go to the caller's
# number of nodes, with its protocol.
visit() {
    local result all
    result=$(client population --ports "$(of_nodes port "$2")" \
        --workers "$(of_nodes worker "$2")" --protocol "$protocol" \
        --routing "$3" --returning "$4" --visits "$handshakes")
    all=$(field visits "$result")
    sample "population-$protocol" "$nodes nodes" "$1" \
        "$(calculate "$(field cpu_ns "$result") / $all / 1000")"
    sample "population-resumed-$protocol" "$nodes nodes" "$1" \
        "$(calculate "100 * $(field resumed "$result") / $all")"
}

# of_nodes ARRAY VARIANT: the ports or the workers, separated by commas.
of_nodes() {
    local -n of=$1
    local i all=
    for ((i = 1; i <= nodes; ++i)); do
        all+=,${of[$2-$i]}
    done
    echo "${all#,}"
}
