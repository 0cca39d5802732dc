# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run.sh
# Instructions of a worker in user space for a resumption, as Callgrind counts
# them. They do not depend on what else the machine does, nor on its caches;
# what the kernel does is not in them.

part=40
sessions=16

prepare() {
    start_redis
    start_memcached
}

measure() {
    local protocol clients variant
    for protocol in 1.2 1.3; do
        for clients in 16 1; do
            for variant in shared redis memcached; do
                measure_instructions "instructions-$protocol" "$variant"
            done
            for variant in ticket-file tickets; do
                measure_instructions "tickets-instructions-$protocol" \
                    "$variant"
            done
        done
    done
}

# measure_instructions KEY VARIANT
measure_instructions() {
    local few many
    few=$(count_instructions "$2" 50)
    many=$(count_instructions "$2" 150)
    sample "$1" "$clients at once" "$2" \
        "$(calculate "($many - $few) / 100000")"
}

# count_instructions VARIANT HANDSHAKES: of a worker's whole life.
count_instructions() {
    local counts=$work/$1.callgrind
    port[$1]=$(free_port)
    mkdir -p "$work/$1"
    nginx_conf "$1" >"$work/$1/nginx.conf"
    : >"$work/$1/error.log"
    valgrind --quiet --tool=callgrind --callgrind-out-file="$counts" \
        nginx -p "$work/$1" -c "$work/$1/nginx.conf" -e "$work/$1/error.log" \
        -g "daemon off; master_process off;" >"$work/$1/output" 2>&1 &
    local pid=$!
    started+=("$pid")
    worker[$1]=$pid
    wait_for "nginx in Callgrind ($1)" accepts "${port[$1]}"
    [[ $1 == shared || $1 == ticket-file ]] || wait_for "connection to the store ($1)" \
        grep -q ': connected' "$work/$1/error.log"
    repeat load "$1" "$protocol" "$clients" "$2" >/dev/null
    kill -QUIT "$pid"
    wait "$pid" || true
    awk '/^(summary|totals):/ { print $2; exit }' "$counts"
}
