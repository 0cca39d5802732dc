# shellcheck shell=bash
# Sourced by build.sh: the verbs that run a script below t.

cmd_demo() {
    require "${build_packages[@]}" "${demo_packages[@]}"
    cmd_build
    exec t/demo/demo.sh "$PWD/$out/${modules[0]}" "$@"
}

cmd_bench() {
    require "${build_packages[@]}" "${bench_packages[@]}"
    (require "${bench_other_packages[@]}") ||
        say "not all of these could be installed: ${bench_other_packages[*]}"
    cmd_build
    build_uncounted
    exec t/bench/run.sh "$@"
}

help_bench() {
    exec t/bench/run.sh --help
}

# Builds the module without its counters, for comparison in the benchmark.
build_uncounted() {
    local out=build/uncounted options=-DWITHOUT_METERS
    cmd_build
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
