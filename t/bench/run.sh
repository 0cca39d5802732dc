#!/bin/bash
# The benchmark: every row of build/bench/benchmarks.md, see docs/benchmarks.md.
# Each round of a row measures everything that is compared, and the next round
# does so in reversed order. Ratios are taken within a round, so they are right
# even on a noisy machine. The rows are in rows/, the targets in targets.txt.
#
# shellcheck disable=SC2317 # the rows call functions that seem unused
set -euo pipefail
shopt -s inherit_errexit

usage() {
    cat <<EOF
usage: $0 [options]
  --rounds COUNT        rounds of the quick rows; slow rows take fewer
                        ($rounds)
  --handshakes COUNT    handshakes per round and variant ($handshakes)
  --rows LIST           rows to measure ("$rows")
  --placement WHERE     beside: worker and store on one CPU, the client on the
                        other; apart: the store with the client; free: where
                        the kernel puts them ($placement)
  --programs DIR        use the benchmark's programs in DIR instead of compiling
                        them
  --profile DIR         instead of measuring, profile the workers of the row
                        "resume" with perf, and write system calls per
                        handshake and samples into DIR
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
        --rows) rows=$2 ;;
        --placement) placement=$2 ;;
        --programs) programs=$2 ;;
        --profile) profile=$2 ;;
        --help) usage; exit ;;
        *) usage >&2; exit 2 ;;
        esac
        shift 2
    done
}

# With "apart", each command to the store interrupts an idle CPU. That may cost
# the worker more than everything else that it does for the command.
place() {
    case $placement in
    beside) server_cpu=0 store_cpu=0 client_cpu=1 ;;
    apart) server_cpu=0 store_cpu=1 client_cpu=1 ;;
    free) server_cpu=0-1 store_cpu=0-1 client_cpu=0-1 ;;
    *) usage >&2; exit 2 ;;
    esac
}

# A slow row sets `part`. Each row defines prepare() and measure(). measure()
# prints the samples of one round.
run_row() {
    local count
    part=1
    # shellcheck source=rows/resume.sh
    . "$here/rows/$1.sh"
    count=$(((rounds + part - 1) / part))
    echo "== $1: preparing" >&2
    prepare
    for ((round = 1; round <= count; ++round)); do
        measure >"$work/samples"
        cat "$work/samples" >>"$work/benchmarks.csv"
        show_progress "$1" "$count"
    done
}

# In a shell of its own, which ends what it has started, so that a row that
# fails does not affect the others. Do not call this in a condition: bash then
# ignores failures, and no row would ever fail.
run_rows() {
    local row
    for row in $rows; do
        (
            trap stop_servers EXIT
            run_row "$row"
        ) &
        wait $! || {
            failed=1
            echo "bench: row $row failed" >&2
            note "The row \"$row\" failed."
        }
    done
}

show_progress() {
    local now=$SECONDS
    printf '== %s: round %d of %d, %d:%02d\n' "$1" "$round" "$2" \
        $((now / 60)) $((now % 60)) >&2
    ((round % 5 == 1)) || return 0
    awk -F, '{ printf "      %s %s %s: %s\n", $1, $2, $4, $5 }' \
        "$work/samples" >&2
}

# sample KEY SETTING VARIANT VALUE: a line of benchmarks.csv.
sample() {
    echo "$1,$2,$round,$3,$4"
}

# Adds a note to the report.
note() {
    grep -qxF -- "- $*" "$work/notes" || echo "- $*" >>"$work/notes"
}

# Every other round is in reversed order: a b c, c b a, ...
in_turn() {
    if ((round % 2)); then printf '%s\n' "$@"; else printf '%s\n' "$@" | tac; fi
}

# A client whose handshake fails, or is not of the expected kind, says so. Then
# its whole run is repeated.
repeat() {
    local tries=5
    until "$@"; do
        ((--tries)) || die "refused too often: $*"
        echo "bench: refused: $*" >&2
    done | tail -n 1
}

# field NAME RESULT: a number in a program's line of names=numbers.
field() {
    [[ $2 =~ (^| )$1=([0-9.]+) ]] || return 1
    echo "${BASH_REMATCH[2]}"
}

calculate() {
    awk "BEGIN { printf \"%.3f\", $* }"
}

client() {
    taskset -c "$client_cpu" "$programs/$1" "${@:2}"
}

# load VARIANT PROTOCOL CLIENTS HANDSHAKES [COMMAND to run the client under]
load() {
    "${@:5}" taskset -c "$client_cpu" "$programs/load" \
        --make-port "${maker[$1]:-${port[$1]}}" --use-port "${port[$1]}" \
        --worker "${worker[$1]}" --protocol "$2" --concurrency "$3" \
        --sessions "$sessions" --handshakes "$4" --kind "${kind:-resumed}"
}

warm_up() {
    load "$1" "${2:-1.3}" 16 100 >"$work/warm-up" 2>&1
}

# A round of worker CPU of resumptions, with a new worker for each variant. The
# place of a worker's memory makes a greater difference than what is compared,
# and stays the same while the worker lives.
measure_new_workers() {
    local key=$1 protocol variant result cpu
    shift
    for variant; do
        restart_nginx "$variant"
        warm_up_resuming "$variant"
    done
    for protocol in 1.2 1.3; do
        for variant in $(in_turn "$@"); do
            result=$(repeat load "$variant" "$protocol" 16 $((2 * handshakes)))
            cpu=$(field cpu_ns "$result")
            sample "$key-$protocol" "16 at once" "$variant" \
                "$(calculate "$cpu / $handshakes / 2000")"
        done
    done
}

# Waits until it resumes.
warm_up_resuming() {
    wait_for "resumption ($1)" warm_up "$1"
}

# Starts variants of nginx, and waits until each one resumes.
start_resuming() {
    local variant
    for variant in "$@"; do
        start_nginx "$variant"
        warm_up_resuming "$variant"
    done
}

report() {
    {
        describe
        awk -f "$here/summary.awk" "$here/targets.txt" "$work/benchmarks.csv"
        echo
        cat "$work/notes"
    } >"$work/benchmarks.md"
    mv "$work"/benchmarks.* "$out"
    if command -v gnuplot >/dev/null; then
        "$here/plots.sh" "$out"
    fi
    cat "$out/benchmarks.md"
}

describe() {
    local cpu ssl
    cpu=$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
    ssl=$(openssl version | cut -d' ' -f1,2)
    cat <<EOF
$(date -u +%Y-%m-%d), $cpu, $(nproc) CPUs, Linux $(uname -r),
$(nginx -v 2>&1 | awk '{ print $3 }'), $ssl. $rounds rounds (the slow rows
fewer), $handshakes handshakes each. One worker (CPU $server_cpu), the client
(CPU $client_cpu) and the store (CPU $store_cpu). Medians over the rounds,
quartiles in brackets.

EOF
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/bench
module=$root/build/ngx_http_ssl_session_cache_module.so
module=${NGX_SSL_SESSION_CACHE_MODULE:-$module}
uncounted_module=$root/build/uncounted/${module##*/}
sessions=64
rounds=40
handshakes=500
rows="resume sealed early counted full memory remote frozen switches pipeline"
rows+=" suspended cluster tickets outage store idle population instructions"
rows+=" others"
placement=beside
programs=
profile=
PATH=$PATH:/usr/sbin:/sbin

parse "$@"
place
[[ -f $module ]] || die "not built: $module"
mkdir -p "$out"
if [[ ! $programs ]]; then
    programs=$out
    make --no-print-directory -s -C "$here" -j"$(nproc)"
fi
work=$(mktemp -d)
chmod 711 "$work" # a worker that gave up root reaches the socket in it
: >"$work/notes"
trap 'rm -rf "$work"' EXIT
. "$here/servers.sh"
raise_file_limit
make_certificate
if [[ $profile ]]; then
    . "$here/profile.sh"
    . "$here/rows/resume.sh"
    trap 'stop_servers; rm -rf "$work"' EXIT
    prepare
    profile_variants
    exit
fi
echo key,setting,round,variant,value >"$work/benchmarks.csv"
failed=0
run_rows
report
exit "$failed"
