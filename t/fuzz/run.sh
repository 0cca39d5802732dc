# shellcheck shell=bash
# Sourced by build.sh: the verb fuzz.

cmd_fuzz() {
    local seconds=${1:-600}
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${debug_packages[@]}" "${fuzz_packages[@]}"
    rm -f build/fuzz/summary
    build_tests fuzz
    run_fuzz "$seconds"
}

# Runs all fuzz targets for so many seconds.
run_fuzz() {
    local seconds=$1 source tmp passed=0 failed=0
    local -A pids
    # Most runs make a socket: in memory they are twice as many.
    tmp=$(mktemp -d -p /dev/shm)
    say "fuzzing for $seconds seconds"
    for source in t/fuzz/*_fuzz.cpp; do
        source=$(basename "$source" _fuzz.cpp)
        TMPDIR=$tmp fuzz_target "$source" "$seconds" &
        pids[$source]=$!
    done
    for source in "${!pids[@]}"; do
        if wait "${pids[$source]}"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
    rm -rf "$tmp"
    echo "$passed passed, $failed failed" | tee build/fuzz/summary
    ((failed == 0))
}

# Runs a fuzz target, from the seeds and from what earlier runs found new.
fuzz_target() {
    local target=$1 seconds=$2 status=0 log=build/fuzz/$1.log end
    mkdir -p "build/fuzz/corpus/$target"
    "build/fuzz/$target" -max_total_time="$seconds" \
        -seed="${SEED:-0}" -print_final_stats=1 \
        -rss_limit_mb=1024 -malloc_limit_mb=64 \
        -artifact_prefix="build/fuzz/$target-" \
        "build/fuzz/corpus/$target" "t/fuzz/corpus/$target" \
        > "$log" 2>&1 || status=$?
    end=$(sed -n 's/^#\(.*\)\tDONE *cov: \([0-9]*\).*/\1 runs, coverage \2/p' \
        "$log")
    if ((status)) || [[ -z $end ]]; then
        tail -n 30 "$log"
        say "$target: a finding; the whole output is in $log"
        return 1
    fi
    say "$target: $end"
}
