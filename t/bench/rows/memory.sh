# shellcheck shell=bash disable=SC2154 # sourced by run.sh
# Resident memory of a handshake that is suspended on the store, compared with
# one of stock nginx that waits for its client. Each time of a new worker: what
# an old one has freed it may still have.

part=8
held=2000

prepare() {
    connections=4096
    start_redis
    start_nginx waiting
    start_nginx suspended
}

measure() {
    local variant
    for variant in $(in_turn waiting suspended); do
        if [[ $variant == waiting ]]; then
            restart_nginx waiting
            measure_memory waiting half
        else
            restart_suspended
            measure_memory suspended whole
        fi
    done
}

measure_memory() {
    local resident before after
    resident=(awk '/^Rss:/ { print $2 }' "/proc/${worker[$1]}/smaps_rollup")
    before=$("${resident[@]}")
    after=$(client hold --port "${port[$1]}" --count "$held" --hello "$2" \
        --worker "${worker[$1]}" -- "${resident[@]}")
    sample memory "$held held" "$1" "$(calculate "($after - $before) / $held")"
}
