# shellcheck shell=bash
# Sourced by build.sh: the verbs memcheck and soak, which check the workers'
# use of memory.

# Tests that wait for no short timeout, for both stores if possible: plain,
# suspended, cancelled, reloaded, with the store lost.
memcheck_tests="a session resumes at the other*,a hit in the store fills*"
memcheck_tests+=",a client that closes while suspended*,many clients that*"
memcheck_tests+=",a reload leaves suspended*,a store that is killed*"
memcheck_tests+=",an unusable value*,many large sessions*,a memcached that wants*"
memcheck_tests+=",a resumption after a Hello*,early data is accepted*"

cmd_memcheck() {
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${memcheck_packages[@]}"
    build_for_valgrind
    build_tests e2e
    export MEMCHECK=1
    local passed=0 failed=0 test_limit=3600
    run_suites e2e -- "${@:--tc=$memcheck_tests}"
    sum_up
}

# The module that announces its stacks to Valgrind. The tests are unchanged.
build_for_valgrind() {
    local out=build/memcheck options=-DBOOST_USE_VALGRIND
    cmd_build
    export NGX_SSL_SESSION_CACHE_MODULE=$PWD/$out/${modules[0]}
}

cmd_soak() {
    local seconds=${1:-600}
    require "${build_packages[@]}" "${test_packages[@]}"
    cmd_build
    build_tests soak
    SOAK_SECONDS=$seconds timeout --foreground --kill-after=10 \
        "$((seconds + test_limit))" build/t/soak
}
