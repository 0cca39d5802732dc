# shellcheck shell=bash
# Sourced by build.sh: the verb simulate.

cmd_simulate() {
    local seconds=${1:-60}
    require "${build_packages[@]}" "${test_packages[@]}"
    build_tests simulate
    SIMULATE_SECONDS=$seconds timeout --foreground --kill-after=10 \
        "$((seconds + test_limit))" "$out/t/simulate" -tc='*SIMULATE_SECONDS'
}
