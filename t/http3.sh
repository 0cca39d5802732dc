# shellcheck shell=bash
# Sourced by build.sh: the verb http3, and what it shares with the verb test.

# The nginx that is patched unless another is asked for.
patched_version=1.26.3

cmd_http3() {
    local passed=0 failed=0
    require "${build_packages[@]}" "${test_packages[@]}"
    use_patched_nginx "${1:-$patched_version}"
    run_http3 "${@:2}"
    sum_up
}

# Builds nginx VERSION, and has everything from now on use it and its module.
use_patched_nginx() {
    local dir=$PWD/$out/nginx-$1
    cmd_nginx "$1"
    export NGX_SSL_SESSION_CACHE_MODULE=$dir/modules/${modules[0]}
    export PATH=$dir/sbin:$PATH
}

# Whether the nginx on PATH has HTTP/3 and the patch for it.
is_patched() {
    grep -qs ngx_quic_steps "$(command -v nginx)"
}

run_http3() {
    require "${http3_packages[@]}"
    build_tests http3
    run_suites http3 -- "$@"
}
