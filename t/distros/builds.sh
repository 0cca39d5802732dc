#!/usr/bin/env bash
# Builds nginx from the distribution's sources, with the module static and
# dynamic, and with the options that change nginx's parts. Two nodes of each
# build resume each other's sessions. Builds with all parts also run the tests
# of stream and mail. One build with poll and select runs all end-to-end tests
# with each of these, and needs build/t/e2e.
#
# usage: builds.sh [WORD...]
# WORDs choose the builds whose names contain all of them.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../say.sh
. t/say.sh
# shellcheck source=common.sh
. t/distros/common.sh
# shellcheck source=../../patches/source.sh
. patches/source.sh

out=build/builds
# What patches/source.sh needs.
dir=$PWD/$out
version=$(nginx -v 2>&1 | sed 's|.*/\([^ ]*\).*|\1|')
tree=$dir/src/nginx
module=ngx_http_ssl_session_cache_module.so
wanted=("$@")
passed=0
failed=0
# Most objects are the same in all builds.
export CCACHE_DIR=$PWD/$out/ccache

stream="--with-stream --with-stream_ssl_module"
mail="--with-mail --with-mail_ssl_module"
everything="$stream --with-stream_ssl_preread_module $mail --with-compat"
everything+=" --with-debug --with-threads --with-http_stub_status_module"

is_wanted() {
    local word
    for word in "${wanted[@]}"; do
        [[ $1 == *"$word"* ]] || return 1
    done
}

check() {
    local name=$1
    shift
    is_wanted "$name" || return 0
    say "$name"
    # In a subshell, so that a failure ends only that.
    set +e
    (set -e; "$@")
    local status=$?
    set -e
    if ((status)); then
        echo "    failed; see $out"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# configure LINK OPTION...: LINK is static or dynamic. nginx's scripts split
# the module's path at spaces, so it is relative.
configure() {
    local add=--add-module
    [[ $1 == static ]] || add=--add-dynamic-module
    shift
    rm -rf "$tree/objs"
    (cd "$tree" && ./configure --with-cc="ccache cc" "$@" \
        "$add=$(realpath --relative-to=. "$OLDPWD")")
}

build() {
    logged "$out/configure.log" configure "$@"
    logged "$out/make.log" make -C "$tree" -j"$(nproc)"
}

# with NGINX COMMAND...: runs it with that nginx.
with() {
    mkdir -p "$out/bin"
    ln -sf "$1" "$out/bin/nginx"
    PATH=$PWD/$out/bin:$PATH "${@:2}"
}

# resumes NGINX MODULE: whether two nodes of that nginx resume. MODULE is empty
# if nginx has it built in.
resumes() {
    with "$1" logged "$out/demo.log" t/demo/demo.sh "$2"
}

# Whether the tests of stream and mail pass. One of them tests module files.
passes() {
    NGX_SSL_SESSION_CACHE_MODULE=$2 with "$1" logged "$out/e2e.log" \
        build/t/e2e -sf='*/stream_mail_test.cpp' -tce='*files of other builds*'
}

# Whether the end-to-end tests pass with level-triggered events.
# waits_by METHOD [EXCEPT]: also leaves out tests that match EXCEPT.
waits_by() {
    # shellcheck disable=SC2086 # several options
    build dynamic --with-http_ssl_module --with-http_v2_module $everything \
        "--with-${1}_module"
    NGX_SSL_SESSION_CACHE_MODULE=$tree/objs/$module NGINX_EVENTS=$1 \
        with "$tree/objs/nginx" logged "$out/$1.log" build/t/e2e \
        -tce='*files of other builds*,install puts*,the event methods*'"${2:+,$2}"
}

# The module's file that a build of LINK leaves, if any.
module_of() {
    [[ $1 == static ]] || echo "$tree/objs/$module"
}

# works LINK OPTION...
works() {
    build "$1" --with-http_ssl_module "${@:2}"
    resumes "$tree/objs/nginx" "$(module_of "$1")"
}

works_with_everything() {
    # shellcheck disable=SC2086 # several options
    works "$1" $everything
    passes "$tree/objs/nginx" "$(module_of "$1")"
}

# With --with-compat, modules also fit an nginx with other options, such as the
# installed one.
elsewhere() {
    build dynamic --with-http_ssl_module --with-compat
    resumes "$(command -v nginx)" "$tree/objs/$module"
}

# refuses MESSAGE LINK OPTION...: whether ./configure ends with that.
refuses() {
    ! configure "${@:2}" > "$out/configure.log" 2>&1 || return 1
    grep -q "error: ngx_ssl_session_cache_module $1" "$out/configure.log"
}

main() {
    local link options
    mkdir -p "$out"
    [[ -x $tree/configure ]] || fetch_nginx
    for link in static dynamic; do
        for options in "" "$stream" "$mail" --with-compat --with-debug; do
            # shellcheck disable=SC2086 # several options
            check "$link $options" works "$link" $options
        done
        check "$link with everything" works_with_everything "$link"
        check "$link without --with-http_ssl_module" \
            refuses "requires --with-http_ssl_module" "$link"
        check "$link without OpenSSL 3.0" \
            refuses "requires OpenSSL 3.0" "$link" --with-http_ssl_module \
            --with-openssl="$dir/no-sources"
    done
    check "dynamic with everything, use poll" waits_by poll
    check "dynamic with everything, use select" waits_by select \
        "servers: whatever*" # select() takes 1024 descriptors
    check "dynamic --with-compat for the installed nginx" elsewhere
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

main
