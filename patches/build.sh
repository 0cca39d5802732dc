#!/usr/bin/env bash
# Builds nginx from the distribution's source package, with the patch for its
# version, and the module for it.
#
# usage: build.sh VERSION DIRECTORY
#
# DIRECTORY gets sbin/nginx, modules/ and conf/, and is nginx's prefix. What
# SSL_SESSION_CACHE_OPTIONS has is for the compiler of the module.
set -euo pipefail

version=$1
mkdir -p "$2"
dir=$(realpath "$2")
root=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/..")
patch=$root/patches/nginx-$version-quic-suspend.patch
tree=$dir/src/nginx

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf 'nginx %s: %s\n' "$version" "$*" >&2
    exit 1
}

# Runs a command, of whose output only a failing one's end is shown.
logged() {
    local log=$1
    shift
    "$@" > "$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "that failed; the whole output is in $log"
    }
}

# apt-get and apt-cache with sources and lists of their own.
apt() {
    local tool=$1
    shift
    "$tool" -o Dir::Etc::SourceList="$dir/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$dir/apt/lists" \
        -o Dir::Cache="$dir/apt" -o APT::Sandbox::User=root "$@"
}

# Where this machine has the distribution's packages from; of security updates
# too, if SUITE is "...-security".
mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
        'Origin: Debian' 'Created-By: Packages' |
        if [[ $1 == *-security ]]; then
            sed -n 's/^[^ ]*-security //p'
        else
            sed -n '/^[^ ]*-/!s/^[^ ]* //p'
        fi | head -n 1
}

use_suite() {
    local name uri
    rm -rf "$dir/apt"
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial"
    for name in "$1" "$1-security"; do
        uri=$(mirror "$name")
        [[ -z $uri ]] || printf '%s [signed-by=%s] %s %s main\n' \
            deb-src "$keyring" "$uri" "$name" \
            deb "$keyring" "$uri" "$name"
    done > "$dir/apt/sources.list"
    # A suite may have no security updates of its own.
    apt apt-get update -qq > "$dir/apt.log" 2>&1 || true
}

# Prints the package's versions of this nginx, the newest first.
packaged() {
    apt apt-cache showsrc --only-source nginx 2> /dev/null |
        sed -n "s/^Version: \($version-.*\)/\1/p" | sort -rVu
}

# Looks for the version in the distribution's suites.
find_suite() {
    local suite
    for suite in bookworm trixie forky sid; do
        use_suite "$suite"
        if [[ -n $(packaged) ]]; then
            say "nginx $version is in $suite"
            return
        fi
    done
    die "no suite of the distribution has it"
}

# Of the package's versions the newest that can be had. A mirror that lacks
# the packaging may have the sources that it is for.
fetch() {
    local package
    cd "$dir/src"
    for package in $(packaged); do
        if apt apt-get source -qq --download-only "nginx=$package" \
            > "$dir/apt.log" 2>&1; then
            dpkg-source -x --no-check nginx_*.dsc nginx > "$dir/apt.log"
            say "unpacked nginx $package"
            return
        fi
    done
    # apt-get leaves nothing that is not what the package's index tells.
    [[ -f nginx_$version.orig.tar.gz ]] ||
        die "its sources cannot be had: $(grep -m 1 ^E: "$dir/apt.log")"
    mkdir nginx
    tar -xf "nginx_$version.orig.tar.gz" -C nginx --strip-components=1
    say "unpacked nginx $version, without the distribution's packaging"
}

# Prints the distribution's configuration, a line each, but for its paths.
conf_flags() {
    local package NGX_CONF_FLAGS=()
    cd "$dir/src"
    for package in $(packaged); do
        ! apt apt-get download -qq "nginx-dev=$package" \
            > "$dir/apt.log" 2>&1 || break
    done
    dpkg-deb --fsys-tarfile nginx-dev_*.deb |
        tar -xO ./usr/share/nginx/src/conf_flags > conf_flags
    # shellcheck source=/dev/null
    . ./conf_flags
    printf '%s\n' "${NGX_CONF_FLAGS[@]}" |
        grep -E '^--with' | grep -Ev '^--with-(cc|ld)-opt='
}

configure() {
    local flags
    rm -rf "$dir/src"
    mkdir -p "$dir/src"
    find_suite
    (fetch)
    say "patching"
    patch -s --no-backup-if-mismatch -d "$tree" -p1 < "$patch"
    mapfile -t flags < <(conf_flags)
    ((${#flags[@]})) || die "nginx-dev has no configuration"

    say "configuring"
    # The paths that are compiled in are found from nginx's -p.
    logged "$dir/configure.log" env -C "$tree" ./configure "${flags[@]}" \
        --prefix="$dir" --sbin-path=sbin/nginx --error-log-path=stderr \
        --with-cc-opt="$(dpkg-buildflags --get CFLAGS) -fPIC $(
            dpkg-buildflags --get CPPFLAGS)" \
        --with-ld-opt="$(dpkg-buildflags --get LDFLAGS) -fPIC" \
        --add-dynamic-module="$(realpath --relative-to="$tree" "$root")"
}

# What a tree was configured of.
key() {
    cksum "${BASH_SOURCE[0]}" "$patch" "$root"/config*
    printf '%s\n' "${SSL_SESSION_CACHE_OPTIONS-}" "$root" "$root"/src/*/*.[ch]pp
}

# Renamed into place: a running nginx may have the old one mapped.
put() {
    local file
    mkdir -p "$1"
    for file in "${@:2}"; do
        cp "$file" "$1/.new"
        mv "$1/.new" "$1/${file##*/}"
    done
}

[[ -f $patch ]] || die "there is no patch for it"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
key=$(key)
if [[ ! -f $dir/configured || $key != "$(< "$dir/configured")" ]]; then
    rm -f "$dir/configured"
    configure
    printf '%s\n' "$key" > "$dir/configured"
fi
say "compiling"
logged "$dir/build.log" make --no-print-directory -C "$tree" -j"$(nproc)"
put "$dir/sbin" "$tree/objs/nginx"
put "$dir/modules" "$tree"/objs/ngx_*_ssl_session_cache_module.so
put "$dir/conf" "$tree/conf/nginx.conf" "$tree/conf/mime.types"
mkdir -p "$dir/logs"
say "built $dir/sbin/nginx and $dir/modules"
