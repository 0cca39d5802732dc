# shellcheck shell=bash
# Sourced by build.sh: the verbs that run tests.

# Those that wait for no short timeout, for both stores where it can be: plain,
# suspended, cancelled, reloaded, with the store lost.
memcheck_tests="a session resumes at the other*,a hit in the store fills*"
memcheck_tests+=",a client that closes while suspended*,many clients that*"
memcheck_tests+=",a reload leaves suspended*,a store that is killed*"
memcheck_tests+=",an unusable value*,many large sessions*,SASL with the right*"
memcheck_tests+=",a resumption after a Hello*,early data is accepted*"

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

cmd_soak() {
    local seconds=${1:-600}
    require "${build_packages[@]}" "${test_packages[@]}"
    cmd_build
    build_tests soak
    SOAK_SECONDS=$seconds timeout --foreground --kill-after=10 \
        "$((seconds + test_limit))" build/t/soak
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

# The module that tells Valgrind of its stacks, for the tests as they are.
build_for_valgrind() {
    local out=build/memcheck options=-DBOOST_USE_VALGRIND
    cmd_build
    export NGX_SSL_SESSION_CACHE_MODULE=$PWD/$out/${modules[0]}
}
