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
    local suites=() parts=() ranges=() sizes=() groups=() i status
    while [[ $1 != -- ]]; do
        suites+=("$1")
        shift
    done
    shift
    say "running the tests: ${suites[*]}"
    divide "$#"
    # Each in a process group, which an interrupt ends.
    set -m
    for i in "${!parts[@]}"; do
        run_part "${parts[i]}" ${ranges[i]:+"${ranges[i]}"} "$@" < /dev/null &
        groups+=("$!")
    done
    set +m
    trap 'kill -- "${groups[@]/#/-}"; exit 130' INT TERM
    for i in "${!parts[@]}"; do
        status=0
        wait "${groups[i]}" || status=$?
        count_part "${parts[i]}" "$status" "${sizes[i]}"
    done
    trap - INT TERM
}

# divide N: sets the caller's parts, which are the suites or, of a long one that
# is run without any of N arguments, NAME and NAME.2, with the options for their
# test cases in ranges and how many these are in sizes. With a memory checker
# tests compute more than they wait, and halves would only be late.
divide() {
    local suite cases half
    for suite in "${suites[@]}"; do
        if (($1 == 0)) && [[ -z $options && $suite == @(unit|e2e) ]]; then
            cases=$(count_cases "$suite")
            half=$((cases / 2))
            parts+=("$suite" "$suite.2")
            ranges+=("--last=$half" "--first=$((half + 1))")
            sizes+=("$half" "$((cases - half))")
        else
            parts+=("$suite")
            ranges+=('')
            sizes+=('')
        fi
    done
}

count_cases() {
    "$out/t/$1" --no-colors=true --count |
        sed -n 's/^\[doctest\] .* current filters: //p'
}

run_part() {
    local part=$1
    shift
    FAULT_TABLE=$out/faults.md \
        timeout --foreground --kill-after=10 "$test_limit" \
        "$out/t/${part%.2}" --no-colors=true "$@" 2>&1 |
        tee "$out/t/$part.log" | sed -u "s/^/$part: /"
}

# count_part NAME STATUS SIZE: one that ends badly, a crash or the time limit,
# counts as a failed case. doctest counts what is out of the range as passed, so
# where there is one SIZE tells.
count_part() {
    local part=$1 status=$2 line log=$out/t/$1.log
    line=$(sed -n 's/^\[doctest\] test cases: *//p' "$log" | tail -n 1)
    local good=0 bad=0
    [[ $line =~ ([0-9]+)\ failed ]] && bad=${BASH_REMATCH[1]}
    [[ $line =~ ([0-9]+)\ passed ]] && good=${BASH_REMATCH[1]}
    [[ -z $line || -z $3 ]] || good=$(($3 - bad))
    if ((bad == 0)) && { ((status)) || [[ -z $line ]]; }; then
        say "the $part tests ended with status $status"
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
