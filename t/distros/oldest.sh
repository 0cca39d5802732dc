#!/usr/bin/env bash
# Runs the tests with the oldest supported nginx, compiler and libmemcached, and
# the OpenSSL of Debian 12. Changes the installed packages, so use it only in
# root file systems.
#
# usage: oldest.sh [doctest's ARGUMENTS]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../say.sh
. t/say.sh
# shellcheck source=common.sh
. t/distros/common.sh
# shellcheck source=../../patches/source.sh
. patches/source.sh

# What patches/source.sh needs.
version=1.18.0
dir=$PWD/build/oldest
tree=$dir/src/nginx
flags=(--with-cc=gcc-11 --with-compat --with-debug --with-threads
    --with-http_ssl_module --with-http_v2_module --with-http_realip_module
    --with-http_stub_status_module --with-stream --with-stream_ssl_module
    --with-stream_ssl_preread_module --with-stream_realip_module --with-mail
    --with-mail_ssl_module --error-log-path=stderr)

install_compiler() {
    logged "$dir/packages.log" apt-get install -y -q \
        --no-install-recommends g++-11 make dpkg-dev libssl-dev \
        libpcre3-dev libsasl2-dev zlib1g-dev
}

# From the suite that has this nginx. apt already has its lists.
install_libmemcached() {
    local package packages=()
    for package in libmemcached-dev libmemcached11 libmemcachedutil2 \
        libhashkit-dev libhashkit2; do
        packages+=("$package=1.0.18*")
    done
    logged "$dir/libmemcached.log" apt apt-get install -y -q \
        --no-install-recommends --allow-downgrades "${packages[@]}"
}

# With a conf_flags as in nginx-dev, which ./build.sh needs. nginx 1.18 uses a
# function that OpenSSL 3.0 has deprecated.
build_nginx() {
    printf 'NGX_CONF_FLAGS=(%s)\n' "${flags[*]}" > "$tree/conf_flags"
    logged "$dir/configure.log" env -C "$tree" ./configure "${flags[@]}" \
        --with-cc-opt='-g -O2 -fPIC -Wno-error=deprecated-declarations' \
        --with-ld-opt=-fPIC
    logged "$dir/build.log" make -C "$tree" -j"$(nproc)"
    mkdir -p "$dir/bin"
    ln -sf "$tree/objs/nginx" "$dir/bin/nginx"
}

mkdir -p "$dir"
if [[ ! -x $dir/bin/nginx ]]; then
    install_compiler
    fetch_nginx
    install_libmemcached
    build_nginx
fi
export PATH=$dir/bin:$PATH NGX_SRC=$tree CC=gcc-11 CXX=g++-11
exec ./build.sh test "$@"
