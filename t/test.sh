# shellcheck shell=bash
# Sourced by build.sh: the verbs test and faults.

# A suite is a test binary of t/Makefile.
list_suites() {
    cat << 'END'
unit      what runs without nginx: coroutines, the stores' clients, sessions
e2e       real nginx workers, stores and clients
debug     the debug program
simulate  clients and servers of the stores in virtual time, from seeds
faults    the fault matrix: what a store, a client or an operator can do
http3     HTTP/3, with an nginx that has the patch for it
END
}

cmd_test() {
    local passed=0 failed=0 suites=() arguments=() http3=
    parse_test "$@"
    if [[ -z ${suites[*]}$http3 ]]; then
        suites=(unit e2e debug simulate)
        [[ $options ]] || suites+=(faults)
        http3=where-patched
    fi
    prepare_suites "${suites[@]}" ${http3:+http3}
    if ((${#suites[@]})); then
        build_tests "${suites[@]}"
        run_in_turn "${suites[@]}" -- "${arguments[@]}"
    fi
    [[ -z $http3 ]] || test_http3 "${arguments[@]}"
    sum_up | tee "$out/t/summary"
}

# run_in_turn NAME... -- ARGUMENT...: as run_suites, but runs simulate by
# itself, because it computes, and tests that wait beside it may be late.
run_in_turn() {
    local waiting=() simulate=
    while [[ $1 != -- ]]; do
        case $1 in
        simulate) simulate=1 ;;
        *) waiting+=("$1") ;;
        esac
        shift
    done
    ((${#waiting[@]} == 0)) || run_suites "${waiting[@]}" "$@"
    [[ -z $simulate ]] || run_suites simulate "$@"
}

# Separates the caller's suites, http3 and arguments.
parse_test() {
    while (($#)); do
        case $1 in
        --list)
            list_suites
            exit
            ;;
        --suite)
            shift
            choose_suite "${1-}"
            ;;
        --suite=*) choose_suite "${1#*=}" ;;
        *) arguments+=("$1") ;;
        esac
        shift $(($# > 0))
    done
}

choose_suite() {
    [[ $1 ]] || die "--suite wants the name of one:
$(list_suites)"
    list_suites | cut -d ' ' -f 1 | grep -qxF -e "$1" ||
        die "no such suite: $1; the suites are:
$(list_suites)"
    if [[ $1 == http3 ]]; then
        http3=named
    elif [[ " ${suites[*]} " != *" $1 "* ]]; then
        suites+=("$1")
    fi
}

# Installs and builds what the suites need besides their binaries. unit needs
# nothing. e2e also needs the debug program, because it tests the verb install.
prepare_suites() {
    local packages=("${build_packages[@]}" "${test_packages[@]}")
    local suite with_modules= with_program=
    for suite in "$@"; do
        case $suite in
        e2e | debug) with_modules=1 with_program=1 ;;
        faults) with_modules=1 ;;
        http3) ! is_patched || with_modules=1 ;;
        esac
    done
    [[ -z $with_program ]] || packages+=("${debug_packages[@]}")
    require "${packages[@]}"
    # Some tests of e2e need a client of HTTP/3, which not every Debian has.
    if [[ $(nginx -V 2>&1) == *http_v3_module* ]] &&
        apt-cache show "${http3_packages[@]}" &> /dev/null; then
        require "${http3_packages[@]}"
    fi
    rm -f "$out/t/summary" "$out/t/failures"
    [[ -z $with_modules ]] || cmd_build
    [[ -z $with_program ]] || build_debug
}

# HTTP/3 comes last. If named, it is tested with another nginx if necessary.
test_http3() {
    local version=$patched_version source='' unpatched='' nginx_dir
    if ! is_patched; then
        if [[ $http3 != named ]]; then
            say "skipping the tests of HTTP/3, which need a patched nginx:" \
                "run './build.sh http3'"
            return
        fi
        use_patched_nginx
    fi
    run_http3 "$@"
}

cmd_faults() {
    require "${build_packages[@]}" "${test_packages[@]}"
    cmd_build
    build_tests faults
    local passed=0 failed=0
    run_suites faults -- "$@"
    cat "$out/faults.md"
    sum_up
}
