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

# shellcheck source=../t/say.sh
. "$root/t/say.sh"
# shellcheck source=../t/distros/common.sh
. "$root/t/distros/common.sh"
# shellcheck source=source.sh
. "$root/patches/source.sh"

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
    fetch_nginx
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
    cksum "$root"/patches/*.sh "$patch" "$root"/config*
    printf '%s\n' "${SSL_SESSION_CACHE_OPTIONS-}" "$root"
    find "$root/src" -name '*.[ch]pp' | sort
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

[[ -f $patch ]] || die "there is no patch for nginx $version"
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
