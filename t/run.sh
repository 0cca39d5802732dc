# shellcheck shell=bash
# Sourced by build.sh: builds and runs test binaries, and counts what they say.

# Seconds that one test binary may run: e2e with sanitizers, beside others on
# two cores, takes more than 15 minutes.
test_limit=2400

# Builds test binaries.
build_tests() {
    say "building the tests"
    mkdir -p "$out"
    followed "$out/test.log" \
        's|.* -o \.\./build/[^ ]*obj/\([^ ]*\).*|    \1|p' \
        make --no-print-directory -C t -j"$(nproc)" BUILD="../$out/t" \
        OPTIONS="$options" "$@"
}

# run_suites NAME... -- ARGUMENT...: runs test binaries side by side, for most
# tests wait. Adds their test cases to the caller's passed and failed.
run_suites() {
    local suites=() groups=() suite i status
    while [[ $1 != -- ]]; do
        suites+=("$1")
        shift
    done
    shift
    say "running the tests: ${suites[*]}"
    # Each in a process group, which an interrupt ends.
    set -m
    for suite in "${suites[@]}"; do
        run_suite "$suite" "$@" < /dev/null &
        groups+=("$!")
    done
    set +m
    trap 'kill -- "${groups[@]/#/-}"; exit 130' INT TERM
    for i in "${!suites[@]}"; do
        status=0
        wait "${groups[i]}" || status=$?
        count_suite "${suites[i]}" "$status"
    done
    trap - INT TERM
}

run_suite() {
    local suite=$1
    shift
    FAULT_TABLE=$out/faults.md \
        timeout --foreground --kill-after=10 "$test_limit" \
        "$out/t/$suite" --no-colors=true "$@" 2>&1 |
        tee "$out/t/$suite.log" | sed -u "s/^/$suite: /"
}

# count_suite NAME STATUS: one that ends badly, a crash or the time limit, counts
# as a failed case.
count_suite() {
    local suite=$1 status=$2 line log=$out/t/$1.log
    line=$(sed -n 's/^\[doctest\] test cases: *//p' "$log" | tail -n 1)
    local good=0 bad=0
    [[ $line =~ ([0-9]+)\ passed ]] && good=${BASH_REMATCH[1]}
    [[ $line =~ ([0-9]+)\ failed ]] && bad=${BASH_REMATCH[1]}
    if ((bad == 0)) && { ((status)) || [[ -z $line ]]; }; then
        say "the $suite tests ended with status $status"
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

# Prints the caller's passed and failed, and whether all is well is its status.
sum_up() {
    echo "$passed passed, $failed failed"
    ((failed == 0))
}
