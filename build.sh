#!/usr/bin/env bash
## Usage: ./build.sh [VERB] [ARGUMENTS]
##        ./build.sh VERB --help
##
# Each verb has a row in the table below, where what begins with ## is help.
# The verb itself is the function cmd_VERB. A function help_VERB answers --help
# for one whose program has such an option.
set -euo pipefail

CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export PATH="$PATH:/usr/sbin:/sbin"
# The options of the make that runs this are not for the makes run here.
unset MAKEFLAGS MFLAGS
. t/say.sh

# Seconds that one test binary may run.
test_limit=900

# Those that wait for no short timeout, for both stores where it can be: plain,
# suspended, cancelled, reloaded, with the store lost.
memcheck_tests="a session resumes at the other*,a hit in the store fills*"
memcheck_tests+=",a client that closes while suspended*,many clients that*"
memcheck_tests+=",a reload leaves suspended*,a store that is killed*"
memcheck_tests+=",an unusable value*,many large sessions*,SASL with the right*"
memcheck_tests+=",a resumption after a Hello*,early data is accepted*"

# Where things are built, and more options for what is ours: a build for a
# memory checker never mixes with the others.
out=build
options=
if [[ ${SANITIZE-0} != 0 ]]; then
    out=build/sanitize
    options="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    options+=" -fno-omit-frame-pointer -U_FORTIFY_SOURCE"
    # GCC takes twice as long to optimize what it has instrumented.
    export CXXFLAGS="-O0 -g"
    export ASAN_OPTIONS=detect_stack_use_after_return=1
    export UBSAN_OPTIONS=print_stacktrace=1
fi

. src/module/load.sh
. src/module/build.sh
## build      build the modules for http, stream and mail, that is
##            build/ngx_http_ssl_session_cache_module.so and so on; this is the
##            verb when none is given
## nginx VERSION
##            build nginx from the distribution's source package, with the patch
##            that HTTP/3 needs (patches/README.md), and the modules for it;
##            both are left in build/nginx-VERSION

. src/debug/build.sh
## debug [ARGS]
##            build and run the debug program, which drives tcpdump and tells
##            the story of each handshake (docs/debug.md); ARGS are its options,
##            such as --demo or --help

. debian/packages.sh
## deps       install every package that any verb needs

. debian/install.sh
## install    build the modules and the debug program, and install them for the
##            installed nginx, those for stream and mail where it has these
##            itself; as root, or below DESTDIR
## uninstall  remove what install has installed

. debian/package.sh
## package    make Debian packages for this machine's nginx in build/package:
##            the modules, a companion for memcached and the debug program

## test [ARGS]
##            build and run the tests; ARGS are doctest's, such as -tc='redis*'.
##            With SANITIZE=1 in the environment all of ours is checked by
##            AddressSanitizer and UBSan, but for the fault matrix, which
##            starves workers
## http3 [VERSION [ARGS]]
##            build nginx VERSION, 1.26.3 unless told otherwise, as the verb
##            nginx does, and run the tests of HTTP/3 with it
## faults [ARGS]
##            build and run the fault matrix: what a store, a client or an
##            operator can do to a server; prints the table, build/faults.md
## memcheck [ARGS]
##            build and run end-to-end tests with nginx in Valgrind: those that
##            doctest's ARGS choose or, as all would take an hour, some of every
##            kind
## soak [SECONDS]
##            load real workers for SECONDS, 60 or more, by default 600, while
##            stores fail at random: what the workers hold in the end must not
##            have grown; SEED=N repeats a run's faults

## fuzz [SECONDS]
##            build the fuzz targets of t/fuzz and run all of them at a time for
##            SECONDS, by default 600; what they find is left in build/fuzz;
##            SEED=N repeats what they try

## lint       run clang-format, clang-tidy and shellcheck

## demo [--store redis | memcached] [--keep]
##            start two nodes and a store, a Redis unless told otherwise, and
##            resume at one node the sessions of the other; --keep leaves them
##            running until Ctrl-C
## bench [ARGS]
##            build and run the benchmark, about ten minutes, which writes
##            build/bench (docs/benchmarks.md); ARGS are its options, such as
##            --rows or --help
## builds [WORD]...
##            build nginx from the distribution's sources with the modules,
##            static and dynamic, with the options that matter, and let two
##            nodes of each resume; with words only those whose names have them
## matrix [SUITE]... [ARGS]
##            run the tests in root file systems of Debian's suites (bookworm
##            trixie sid), with every store of each, and with the oldest nginx
##            and compiler (oldest); prints the table, build/matrix/matrix.md;
##            as root
## trial [SUITE]...
##            make the packages in root file systems of Debian's suites
##            (bookworm trixie), check them, and try them in clean ones:
##            install, let two nodes resume, remove; as root

## clean      remove everything that was built
## help [VERB]
##            print this list, or what it has of VERB
##
## The nginx on PATH is the one to build for and to test with. NGX_SRC in the
## environment names another tree to build against than the nginx-dev package.

cmd_http3() {
    local version=${1:-1.26.3} passed=0 failed=0 dir
    require "${build_packages[@]}" "${test_packages[@]}"
    cmd_nginx "$version"
    dir=$PWD/$out/nginx-$version
    export NGX_SSL_SESSION_CACHE_MODULE=$dir/modules/${modules[0]}
    export PATH=$dir/sbin:$PATH
    test_http3 "${@:2}"
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

cmd_test() {
    require "${build_packages[@]}" "${test_packages[@]}" "${debug_packages[@]}"
    rm -f "$out/t/summary"
    cmd_build
    build_debug
    local passed=0 failed=0 suites=(unit e2e debug)
    [[ $options ]] || suites+=(faults)
    build_tests "${suites[@]}"
    run_suites "${suites[@]}" -- "$@"
    test_http3 "$@"
    echo "$passed passed, $failed failed" | tee "$out/t/summary"
    ((failed == 0))
}

cmd_faults() {
    require "${build_packages[@]}" "${test_packages[@]}"
    cmd_build
    build_tests faults
    local passed=0 failed=0
    run_suites faults -- "$@"
    cat "$out/faults.md"
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

cmd_memcheck() {
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${memcheck_packages[@]}"
    build_for_valgrind
    build_tests e2e
    export MEMCHECK=1
    local passed=0 failed=0 test_limit=3600
    run_suites e2e -- "${@:--tc=$memcheck_tests}"
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

cmd_fuzz() {
    local seconds=${1:-600}
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${debug_packages[@]}" "${fuzz_packages[@]}"
    rm -f build/fuzz/summary
    build_tests fuzz
    run_fuzz "$seconds"
}

cmd_soak() {
    local seconds=${1:-600}
    require "${build_packages[@]}" "${test_packages[@]}"
    cmd_build
    build_tests soak
    SOAK_SECONDS=$seconds timeout --foreground --kill-after=10 \
        "$((seconds + test_limit))" build/t/soak
}

cmd_demo() {
    require "${build_packages[@]}" "${demo_packages[@]}"
    cmd_build
    exec t/demo/demo.sh "$PWD/$out/${modules[0]}" "$@"
}

cmd_bench() {
    require "${build_packages[@]}" "${bench_packages[@]}"
    (require "${bench_other_packages[@]}") ||
        say "without all of ${bench_other_packages[*]}"
    cmd_build
    build_uncounted
    exec t/bench/run.sh "$@"
}

help_bench() {
    exec t/bench/run.sh --help
}

cmd_lint() {
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${debug_packages[@]}" "${lint_packages[@]}"
    mkdir -p "$out"
    ( flock 9; configure ) 9> "$out/.lock"
    say "clang-format"
    find src t -name '*.[ch]pp' -print0 |
        xargs -0r clang-format --dry-run -Werror
    say "shellcheck"
    # What a script sources is checked with it.
    find build.sh .ci t patches -type f -perm -u+x -print0 |
        xargs -0r shellcheck -x -a -P SCRIPTDIR
    say "clang-tidy"
    tidy
}

cmd_builds() {
    require "${build_packages[@]}" "${demo_packages[@]}" \
        "${test_packages[@]}" "${source_packages[@]}"
    build_tests e2e
    t/distros/builds.sh "$@"
}

cmd_matrix() {
    require "${rootfs_packages[@]}"
    t/distros/matrix.sh "$@"
}

cmd_trial() {
    require "${rootfs_packages[@]}"
    t/distros/trial.sh "$@"
}

cmd_clean() {
    rm -rf build
}

cmd_help() {
    if (($#)); then
        check_verb "$1"
        show_verb "$1"
    else
        list_verbs
    fi
}

# The module that tells Valgrind of its stacks, for the tests as they are.
build_for_valgrind() {
    local out=build/memcheck options=-DBOOST_USE_VALGRIND
    cmd_build
    export NGX_SSL_SESSION_CACHE_MODULE=$PWD/$out/${modules[0]}
}

# The module without its counters, for the benchmark to compare with.
build_uncounted() {
    local out=build/uncounted options=-DWITHOUT_METERS
    cmd_build
}

# The module's sources and the tests, each file with one set of flags.
tidy() {
    local flags=(-std=c++20 -Isrc -It -isystem "$out/nginx/objs") dir
    for dir in core event event/modules os/unix http http/modules http/v2 \
        stream mail; do
        flags+=(-isystem "$out/nginx/src/$dir")
    done
    find src t -name '*.cpp' -print0 |
        xargs -0r -P "$(nproc)" -I{} clang-tidy --quiet {} -- "${flags[@]}" \
            2> /dev/null
}

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

# Adds the tests of HTTP/3, if the nginx on PATH has it and the patch for it.
test_http3() {
    if ! grep -q ngx_quic_steps "$(command -v nginx)"; then
        say "no tests of HTTP/3, which want a patched nginx:" \
            "'./build.sh http3' builds one"
        return
    fi
    require "${http3_packages[@]}"
    build_tests http3
    run_suites http3 -- "$@"
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

# Ends with the list unless there is such a verb.
check_verb() {
    declare -F "cmd_$1" > /dev/null && return
    list_verbs >&2
    die "no such verb: $1"
}

list_verbs() {
    sed -n 's/^## \{0,1\}//p' build.sh
}

# The verb's own rows of the table.
show_verb() {
    awk -v verb="$1" '
        !/^##  / { own = /^## / && $2 == verb }
        own { print substr($0, 4) }' build.sh
}

asks_for_help() {
    local argument
    for argument in "$@"; do
        [[ $argument != -h && $argument != --help ]] || return 0
    done
    return 1
}

main() {
    local verb=${1:-build}
    shift $(($# > 0))
    [[ $verb != -h && $verb != --help ]] || verb=help
    check_verb "$verb"
    if ! asks_for_help "$@"; then
        "cmd_$verb" "$@"
    elif declare -F "help_$verb" > /dev/null; then
        "help_$verb"
    else
        show_verb "$verb"
    fi
}

main "$@"
