# shellcheck shell=bash
# Sourced by build.sh: builds and runs test binaries, and counts their results.

# How many seconds one test binary may run. e2e with sanitizers, beside others
# on two cores, takes more than 15 minutes.
test_limit=2400

# Builds test binaries.
build_tests() {
    local suite ours=() others=()
    for suite in "$@"; do
        if [[ $(suite_dir "$suite") == "$out/t" ]]; then
            ours+=("$suite")
        else
            others+=("$suite")
        fi
    done
    say "building the tests"
    ((${#ours[@]} == 0)) || make_tests "$out" "$options" "${ours[@]}"
    ((${#others[@]} == 0)) || make_tests build '' "${others[@]}"
}

# suite_dir NAME: where its binary is built. A binary that only starts programs
# is always built without a memory checker.
suite_dir() {
    case $1 in
    e2e | http3 | faults) echo build/t ;;
    *) echo "$out/t" ;;
    esac
}

# make_tests DIR OPTIONS NAME...
make_tests() {
    mkdir -p "$1"
    followed "$1/test.log" \
        's|.* -o \.\./build/[^ ]*obj/\([^ ]*\).*|    \1|p' \
        make --no-print-directory -C t -j"$(nproc)" BUILD="../$1/t" \
        OPTIONS="$2" "${@:3}"
}

# run_suites NAME... -- ARGUMENT...: runs test binaries side by side, because
# most tests wait. Adds their test cases to the caller's passed and failed.
run_suites() {
    local suites=() parts=() ranges=() sizes=() groups=() i status
    while [[ $1 != -- ]]; do
        suites+=("$1")
        shift
    done
    shift
    say "running the tests: ${suites[*]}"
    divide "$#"
    # Each in a process group of its own, which an interrupt ends.
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

# divide N: sets the caller's parts, which are the suites. If there are no
# arguments (N is 0), a long suite becomes NAME and NAME.2, with the options for
# their test cases in ranges, and the numbers of these in sizes. With a memory
# checker, tests compute more than they wait, and halves would only be late.
divide() {
    local suite cases half
    for suite in "${suites[@]}"; do
        if (($1 == 0)) && [[ -z $options && $suite == @(unit|e2e) ]]; then
            cases=$(count_cases "$(suite_dir "$suite")/$suite")
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
    "$1" --no-colors=true --count |
        sed -n 's/^\[doctest\] .* current filters: //p'
}

run_part() {
    local part=$1 suite=${1%.2} default=$PWD/$out/${modules[0]}
    shift
    mkdir -p "$out/t"
    FAULT_TABLE=$out/faults.md \
        NGX_SSL_SESSION_CACHE_MODULE=${NGX_SSL_SESSION_CACHE_MODULE-$default} \
        timeout --foreground --kill-after=10 "$test_limit" \
        "$(suite_dir "$suite")/$suite" --no-colors=true "$@" 2>&1 |
        tee "$out/t/$part.log" | sed -u "s/^/$part: /"
}

# count_part NAME STATUS SIZE: a part that ends badly, by a crash or the time
# limit, counts as a failed case. doctest counts cases out of the range as
# passed, so with a range SIZE is the number of cases.
count_part() {
    local part=$1 status=$2 line log=$out/t/$1.log
    line=$(sed -n 's/^\[doctest\] test cases: *//p' "$log" | tail -n 1)
    local good=0 bad=0
    [[ $line =~ ([0-9]+)\ failed ]] && bad=${BASH_REMATCH[1]}
    [[ $line =~ ([0-9]+)\ passed ]] && good=${BASH_REMATCH[1]}
    [[ -z $line || -z $3 ]] || good=$(($3 - bad))
    if ((bad == 0)) && { ((status)) || [[ -z $line ]]; }; then
        say "the $part tests ended with status $status" |
            tee -a "$out/t/failures"
        bad=1
    fi
    ((bad == 0)) || list_failures "$part" "$log"
    passed=$((passed + good))
    failed=$((failed + bad))
}

# list_failures PART LOG: prints the assertions that failed, each with its test
# case, because logs are long. Keeps them for callers that run several verbs.
list_failures() {
    awk -v part="$1" '
        /^TEST CASE: / { name = substr($0, 13) }
        /: (FATAL )?ERROR: / { print part ": " name; shown = 4 }
        shown && shown-- { print "    " $0 }
    ' "$2" | tee -a "$out/t/failures"
}

# Prints the caller's passed and failed. Its status is whether all passed.
sum_up() {
    echo "$passed passed, $failed failed"
    ((failed == 0))
}
