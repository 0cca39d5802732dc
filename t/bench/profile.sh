# shellcheck shell=bash disable=SC2154 # shared with run.sh
# Sourced by run.sh for --profile: what a worker does in a resumption.

# System calls are counted by perf too: strace slows a worker so much that it
# finds more to do in each turn, and makes fewer of them.
profile_variants() {
    local variant protocol clients
    mkdir -p "$profile"
    for protocol in 1.2 1.3; do
        for clients in 16 1; do
            for variant in shared redis memcached local; do
                profile_one "$profile/$variant-$protocol-$clients" \
                    "$variant" "$protocol" "$clients"
            done
        done
    done
    echo "bench: profiles are in $profile" >&2
}

# profile_one FILE VARIANT PROTOCOL CLIENTS
profile_one() {
    local file=$1 count=$((handshakes * 20))
    load "$2" "$3" "$4" "$count" perf stat -x, -e 'syscalls:sys_enter_*' \
        -o "$file.counts" -p "${worker[$2]}" --
    awk -F, -v handshakes=$((count + sessions)) '$1 > 0 {
            sub(/.*sys_enter_/, "", $3)
            printf "%6.2f %s\n", $1 / handshakes, $3
        }' "$file.counts" | sort -rn >"$file.syscalls"
    load "$2" "$3" "$4" "$count" perf record -q -g -e cpu-clock -F 5000 \
        -o "$file.perf" -p "${worker[$2]}" --
    perf report -i "$file.perf" --children -g none --sort dso,symbol --stdio \
        >"$file.samples" 2>/dev/null
}
