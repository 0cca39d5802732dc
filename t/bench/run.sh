#!/bin/bash
# Worker CPU of a resumed handshake, of this module compared with nginx's own
# shared-memory session cache. Every round measures all the variants, the next
# round in reversed order, and a ratio is taken within its round: that is what
# lets it hold on a noisy machine. Writes build/bench/resumption.{csv,md}.
set -euo pipefail

usage() {
    cat <<EOF
usage: $0 [options]
  --rounds COUNT        rounds for each row (default $rounds)
  --handshakes COUNT    resumed handshakes a round and variant ($handshakes)
  --protocols LIST      of 1.2 and 1.3 ("$protocols")
  --clients LIST        numbers of concurrent clients ("$clients")
  --variants LIST       of redis, redis-unix, memcached and shared-again
                        ("$variants"), compared with shared; shared-again is
                        the same once more, so that its ratio, 1.00, checks
                        the instrument
  --placement WHERE     beside: worker and store on one CPU, the client on the
                        other; apart: the store with the client; free: where
                        the kernel puts them ($placement)
  --profile DIR         instead: system calls a handshake and samples of each
                        variant's worker, by perf, into DIR
EOF
}

die() {
    echo "bench: $*" >&2
    exit 1
}

parse() {
    while (($#)); do
        case $1 in
        --rounds) rounds=$2 ;;
        --handshakes) handshakes=$2 ;;
        --protocols) protocols=$2 ;;
        --clients) clients=$2 ;;
        --variants) variants=$2 ;;
        --placement) placement=$2 ;;
        --profile) profile=$2 ;;
        --help) usage; exit ;;
        *) usage >&2; exit 2 ;;
        esac
        shift 2
    done
}

# Apart, each command to the store interrupts an idle CPU, which may cost the
# worker more than all else that it does for the command.
place() {
    case $placement in
    beside) server_cpu=0 store_cpu=0 client_cpu=1 ;;
    apart) server_cpu=0 store_cpu=1 client_cpu=1 ;;
    free) server_cpu=0-1 store_cpu=0-1 client_cpu=0-1 ;;
    *) usage >&2; exit 2 ;;
    esac
}

build_client() {
    mkdir -p "$out"
    if [[ -z $(find "$here" -name '*.?pp' -newer "$out/load" 2>&1) ]]; then
        return
    fi
    g++ -std=c++20 -O2 -Wall -Wextra "$here"/*.cpp -o "$out/load" -lssl -lcrypto
}

# load VARIANT PROTOCOL CLIENTS HANDSHAKES [COMMAND to run the client under]
load() {
    "${@:5}" taskset -c "$client_cpu" "$out/load" --make-port "${port[$1]}" \
        --worker "${worker[$1]}" --protocol "$2" --concurrency "$3" \
        --sessions "$sessions" --handshakes "$4"
}

warm_up() {
    load "$1" 1.3 16 100 >"$work/warm-up" 2>&1
}

# One round: prints a CSV line for each variant, or fails.
round() {
    local protocol=$1 count=$2 number=$3 variant result
    for variant in "${@:4}"; do
        if ! result=$(load "$variant" "$protocol" "$count" "$handshakes"); then
            echo "bench: refused, not all were resumed:" \
                "$variant, TLS $protocol, $count at once: $result" >&2
            return 1
        fi
        result=${result//[^0-9 ]/} # names=numbers
        echo "$protocol,$count,$number,$variant,${result// /,}"
    done
}

# Half of the rounds one way, half the other: shared a b, b a shared, ...
measure_row() {
    local there back order i refused=0 lines
    read -ra there <<<"shared $variants"
    mapfile -t back < <(printf '%s\n' "${there[@]}" | tac)
    for ((i = 1; i <= rounds; )); do
        ((i % 2)) && order=("${there[@]}") || order=("${back[@]}")
        if lines=$(round "$1" "$2" "$i" "${order[@]}"); then
            echo "$lines" >>"$work/resumption.csv"
            ((i % 10)) || show_progress "$1" "$2" "$i" "$lines"
            ((++i))
        else
            ((++refused <= rounds / 4)) || die "too many rounds refused"
        fi
    done
}

show_progress() {
    awk -F, -v title="TLS $1, $2 at once, round $3 of $rounds" '
        BEGIN { printf "%s:", title }
        { printf "  %s %.1f us", $4, $8 / $5 / 1000 }
        END { print "" }' <<<"$4" >&2
}

measure() {
    local protocol count
    local columns=protocol,clients,round,variant
    echo "$columns,resumed,full,failed,cpu_ns,elapsed_ns" \
        >"$work/resumption.csv"
    for protocol in $protocols; do
        for count in $clients; do
            measure_row "$protocol" "$count"
        done
    done
    {
        describe
        awk -f "$here/summary.awk" "$work/resumption.csv"
    } >"$work/resumption.md"
    mv "$work"/resumption.* "$out"
    cat "$out/resumption.md"
}

describe() {
    local cpu ssl redis
    cpu=$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
    ssl=$(openssl version | cut -d' ' -f1,2)
    redis=$(redis-server --version | awk '{ sub("v=", "", $3); print $3 }')
    cat <<EOF
# Worker CPU of a resumed TLS handshake

$(date -u +%Y-%m-%d), $cpu, Linux $(uname -r),
$(nginx -v 2>&1 | awk '{ print $3 }'), $ssl, Redis $redis.

$rounds rounds of $handshakes handshakes for each variant, all resumed; a
connection carries no request. One worker (CPU $server_cpu), the client (CPU
$client_cpu) and the store (CPU $store_cpu). Medians over the rounds, quartiles
in brackets; the ratio is taken within each round.

EOF
}

# System calls are counted by perf too: strace slows a worker so much that it
# finds more to do in each turn, and makes fewer of them.
profile_variants() {
    local variant protocol
    mkdir -p "$profile"
    for protocol in $protocols; do
        for variant in shared $variants; do
            profile_one "$profile/$variant-$protocol" "$variant" "$protocol"
        done
    done
    echo "bench: profiles are in $profile" >&2
}

profile_one() {
    local file=$1 count=$((handshakes * 20))
    load "$2" "$3" 16 "$count" perf stat -x, -e 'syscalls:sys_enter_*' \
        -o "$file.counts" -p "${worker[$2]}" --
    awk -F, -v handshakes=$((count + sessions)) '$1 > 0 {
            sub(/.*sys_enter_/, "", $3)
            printf "%6.2f %s\n", $1 / handshakes, $3
        }' "$file.counts" | sort -rn >"$file.syscalls"
    load "$2" "$3" 16 "$count" perf record -q -g -e cpu-clock -F 5000 \
        -o "$file.perf" -p "${worker[$2]}" --
    perf report -i "$file.perf" --children -g none --sort dso,symbol --stdio \
        >"$file.samples" 2>/dev/null
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/bench
module=$root/build/ngx_http_ssl_session_cache_module.so
module=${NGX_SSL_SESSION_CACHE_MODULE:-$module}
sessions=32
rounds=60
handshakes=500
protocols="1.2 1.3"
clients="16 1"
variants="redis memcached"
placement=beside
profile=
PATH=$PATH:/usr/sbin:/sbin

parse "$@"
place
[[ -f $module ]] || die "not built: $module"
build_client
work=$(mktemp -d)
chmod 711 "$work" # a worker that gave up root reaches the socket in it
. "$here/servers.sh"
trap 'stop_servers; rm -rf "$work"' EXIT
start_redis
start_memcached
make_certificate
for variant in shared $variants; do
    start_nginx "$variant"
    wait_for "resumption ($variant)" warm_up "$variant"
done
if [[ $profile ]]; then
    profile_variants
else
    measure
fi
