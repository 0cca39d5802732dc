# shellcheck shell=bash
# Sourced by build.sh: the verb http3, and what it shares with the verb test.

# The default version of nginx to patch.
patched_version=1.26.3

cmd_http3() {
    local passed=0 failed=0 version source='' taken=0 unpatched='' nginx_dir
    local first=${1--}
    if [[ $first != -* || $first == --source* ]]; then
        choose_nginx "$@"
    else
        version=$patched_version
    fi
    require "${build_packages[@]}" "${test_packages[@]}"
    use_patched_nginx
    run_http3 "${@:taken + 1}"
    sum_up
}

# Builds the caller's nginx. From then on, everything uses it and its module.
use_patched_nginx() {
    build_nginx
    export NGX_SSL_SESSION_CACHE_MODULE=$nginx_dir/modules/${modules[0]}
    export PATH=$nginx_dir/sbin:$PATH
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
