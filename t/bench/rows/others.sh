# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# h2o and Apache httpd with their own shared session caches beside this module,
# each as it is by default: CPU of all processes of the server for a resumption
# (h2o 2.2 has no TLS 1.3 by session cache); and the longest full handshake,
# which does not need the store, and the longest resumption, while that is
# healthy and while it is frozen.

part=10

. "$here/other_servers.sh"

prepare() {
    start_redis
    start_memcached
    # h2o keeps sessions in OpenSSL's own cache, too: only a session that was
    # made at another node, and is presented the first time, comes from the
    # store.
    sessions=$handshakes
    present=()
    start_resuming redis memcached
    present+=(redis memcached)
    try_other h2o-memcached h2o start_h2o_nodes
    try_other apache-memcached apache2 start_apache \
        "memcache:127.0.0.1:$memcached_port"
    try_other apache-redis apache2 start_apache \
        "redis:127.0.0.1:$redis_port"
}

# try_other VARIANT PROGRAM START...: says why when it cannot be had.
try_other() {
    if ! command -v "$2" >/dev/null; then
        note "$1 was not measured: $2 is not installed."
        return
    fi
    "$3" "$1" "${@:4}"
    if (wait_for "resumption ($1)" warm_up "$1" 1.2); then
        worker[$1]=$(family "${master[$1]}")
        present+=("$1")
    else
        note "$1 was not measured: it resumes no sessions:" \
            "$(tail -n 1 "$work/warm-up")"
    fi
}

measure() {
    local variant
    for variant in $(in_turn "${present[@]}"); do
        measure_cpu "$variant" 1.2
        [[ $variant == h2o* ]] || measure_cpu "$variant" 1.3
        measure_latency "$variant"
        measure_latency "$variant" --freeze "$(store_of "$variant")"
    done
}

measure_cpu() {
    local result cpu
    result=$(repeat load "$1" "$2" 16 "$handshakes")
    cpu=$(field cpu_ns "$result")
    sample others-cpu "$(setting "$1") TLS $2" "$(server "$1")" \
        "$(calculate "$cpu / $handshakes / 1000")"
}

measure_latency() {
    local result name=healthy
    (($# == 1)) || name=frozen
    result=$(client latency --make-port "${maker[$1]:-${port[$1]}}" \
        --port "${port[$1]}" --kind full --rate 50 --seconds 3 \
        --background 100 --sessions 320 "${@:2}")
    sample "others-$(server "$1")" "$(setting "$1")" "$name" \
        "$(calculate "$(field max_us "$result") / 1000")"
    sample "resuming-$(server "$1")" "$(setting "$1")" "$name" \
        "$(calculate "$(field background_max_us "$result") / 1000")"
    wait_for "$1 after a freeze" warm_up "$1" 1.2
}

setting() {
    echo "${1#*-}"
}

server() {
    case $1 in
    *-*) echo "${1%-*}" ;;
    *) echo module ;;
    esac
}

store_of() {
    case $1 in
    *redis) echo "$redis_pid" ;;
    *) echo "$memcached_pid" ;;
    esac
}
