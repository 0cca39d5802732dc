#!/usr/bin/env bash
# Builds nginx and the module for it, with the patch for its version, from the
# distribution's source package or, with --source, from a copy of other sources.
#
# usage: build.sh [--unpatched] [--source TREE] VERSION DIRECTORY
#
# DIRECTORY gets sbin/nginx, modules/ and conf/, and is nginx's prefix.
# SSL_SESSION_CACHE_OPTIONS has compiler options for the module.
set -euo pipefail

root=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/..")
# shellcheck source=../t/say.sh
. "$root/t/say.sh"
# shellcheck source=../t/distros/common.sh
. "$root/t/distros/common.sh"
# shellcheck source=source.sh
. "$root/patches/source.sh"
# shellcheck source=choose.sh
. "$root/patches/choose.sh"

unpatched=
source=
while [[ $1 == --* ]]; do
    case $1 in
    --unpatched) unpatched=1 ;;
    --source)
        source=$(realpath -- "$2")
        shift
        ;;
    esac
    shift
done
version=$1
mkdir -p "$2"
dir=$(realpath "$2")
tree=$dir/src/nginx

# The configuration of sources that are not the distribution's.
own_flags=(--with-compat --with-debug --with-threads --with-http_ssl_module
    --with-http_v2_module --with-http_realip_module
    --with-http_stub_status_module --with-stream --with-stream_ssl_module
    --with-stream_ssl_preread_module --with-stream_realip_module --with-mail
    --with-mail_ssl_module)

# Prints the distribution's configuration, one option a line, without its paths.
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

# Prints the flags to configure the tree with, one a line.
all_flags() {
    if [[ -z $source ]]; then
        conf_flags
        return
    fi
    printf '%s\n' "${own_flags[@]}"
    ! grep -qs -e --with-http_v3_module "$tree/auto/options" ||
        echo --with-http_v3_module
}

# Nothing is written to the sources: they are copied.
copy_sources() {
    local entry
    [[ $source/ != "$dir"/* ]] ||
        die "this verb builds in $source itself: name other sources"
    rm -rf "$dir/src"
    mkdir -p "$tree"
    for entry in auto conf configure contrib docs html man misc src; do
        [[ ! -e $source/$entry ]] || cp -RL -- "$source/$entry" "$tree"
    done
    chmod -R u+w "$tree"
}

# A tree that already has the patch is left as it is.
apply_patch() {
    local patch
    [[ -z $unpatched ]] || return 0
    if grep -qs NGX_QUIC_SUSPEND "$tree/src/event/quic/ngx_event_quic.h"; then
        say "these sources already have the patch"
        return
    fi
    patch=$(patch_for "$version")
    say "patching with $patch"
    logged "$dir/patch.log" patch -f -F0 --no-backup-if-mismatch -d "$tree" \
        -p1 -i "$root/patches/$patch" ||
        die "$patch does not apply to these sources of nginx $version"
}

configure() {
    local flags configure=./configure
    if [[ $source ]]; then copy_sources; else fetch_nginx; fi
    apply_patch
    mapfile -t flags < <(all_flags)
    ((${#flags[@]})) || die "nginx-dev has no configuration"
    # A checkout has it in another place than a release.
    [[ -x $tree/configure ]] || configure=auto/configure

    say "configuring"
    # The paths that are compiled in are found from nginx's -p.
    logged "$dir/configure.log" env -C "$tree" "$configure" "${flags[@]}" \
        --prefix="$dir" --sbin-path=sbin/nginx --error-log-path=stderr \
        --with-cc-opt="$(dpkg-buildflags --get CFLAGS) -fPIC $(
            dpkg-buildflags --get CPPFLAGS)" \
        --with-ld-opt="$(dpkg-buildflags --get LDFLAGS) -fPIC" \
        --add-dynamic-module="$(realpath --relative-to="$tree" "$root")"
}

# What a tree was configured with.
key() {
    cksum "$root"/patches/*.sh "$root"/patches/*.patch "$root"/config*
    printf '%s\n' "${SSL_SESSION_CACHE_OPTIONS-}" "$root" "$source"
    find "$root/src" -name '*.[ch]pp' | sort
    [[ -z $source ]] ||
        find -L "$source/auto" "$source/src" -type f -exec cksum {} + | sort
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

[[ $unpatched ]] || check_patch "$version"
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
