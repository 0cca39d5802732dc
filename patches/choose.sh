# shellcheck shell=bash
# Sourced after t/say.sh: the version of nginx's sources, and the patch for it.

# version_of TREE: prints the version of nginx's sources.
version_of() {
    local version
    [[ -d $1 ]] || die "no such directory: $1"
    version=$(sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' \
        "$1/src/core/nginx.h" 2> /dev/null) || true
    [[ $version && -d $1/auto ]] ||
        die "these are not nginx's sources: $1"
    printf '%s\n' "$version"
}

# patch_for VERSION: prints the name of the patch, or nothing if there is none.
# A patch may also fit versions with which it was not tried.
patch_for() {
    case $1 in
    1.26.3) echo nginx-1.26.3-quic-suspend.patch ;;
    1.30.* | 1.31.*) echo nginx-1.30-quic-suspend.patch ;;
    esac
}

# check_patch VERSION
check_patch() {
    [[ $(patch_for "$1") ]] ||
        die "no patch fits nginx $1; patches exist for 1.26.3, 1.30 and 1.31"
}
