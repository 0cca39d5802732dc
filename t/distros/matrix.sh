#!/usr/bin/env bash
# Runs the tests in root file systems of Debian's suites, in a cell for each
# suite and each store with Redis' protocol. "oldest" is bookworm with what
# oldest.sh installs. Root file systems and their builds stay in build/matrix
# for the next run.
#
# usage: matrix.sh [SUITE...] [doctest's ARGUMENTS]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../say.sh
. t/say.sh
# shellcheck source=common.sh
. t/distros/common.sh
# shellcheck source=rootfs.sh
. t/distros/rootfs.sh

out=build/matrix
suites=()
arguments=()
failures=0

parse() {
    while (($#)) && [[ $1 != -* ]]; do
        suites+=("$1")
        shift
    done
    ((${#suites[@]})) || suites=(oldest bookworm trixie sid)
    arguments=("$@")
}

# The stores of the suite, without memcached, which is in each cell.
stores() {
    in_rootfs "$1" apt-cache pkgnames |
        grep -xE 'redis-server|valkey-server' | sort
}

# version DIR PACKAGE: the upstream version of an installed package.
version() {
    # shellcheck disable=SC2016 # dpkg's variables
    in_rootfs "$1" dpkg-query -W -f '${Version}\n' "$2" 2> /dev/null |
        sed 's/^[0-9]*://; s/[-+~].*//'
}

# The versions for which, and with which, the tested modules were built.
nginx_version() {
    sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' \
        "$1/src/build/nginx/src/core/nginx.h"
}

gcc_version() {
    readelf -p .comment "$1/src/build/ngx_http_ssl_session_cache_module.so" |
        sed -n 's/.*GCC: (.*) //p'
}

# row NAME STORE DIR: prints the cell's line of the table.
row() {
    local dir=$3 passed='does not build' failed=-
    [[ ! -f $dir/src/build/t/summary ]] ||
        IFS=', ' read -r passed _ failed _ < "$dir/src/build/t/summary"
    printf '| %s ' "$1" "$(date -I)" "$(nginx_version "$dir")" \
        "$(version "$dir" libssl-dev)" "$(version "$dir" libhiredis-dev)" \
        "$(version "$dir" libmemcached-dev)" \
        "${2%-server} $(version "$dir" "$2")" "$(version "$dir" memcached)" \
        "$(gcc_version "$dir")" "$passed" "$failed"
    echo '|'
}

# run_cell NAME STORE COMMAND...
run_cell() {
    local name=$1 store=$2 dir=$out/$1 cell=$out/$1-$2
    say "$name with $store"
    rm -f "$dir/src/build/t/summary" "$cell.row"
    in_rootfs "$dir" env REDIS_SERVER="$store" nice "${@:3}" \
        "${arguments[@]}" < /dev/null > "$cell.log" 2>&1 ||
        failures=$((failures + 1))
    tail -n 1 "$cell.log"
    row "$name" "$store" "$dir" > "$cell.row"
}

run_suite() {
    local name=$1 suite=$1 dir=$out/$1 command=(/src/build.sh test) store
    if [[ $name == oldest ]]; then
        suite=bookworm
        command=(/src/t/distros/oldest.sh)
    fi
    [[ -d $dir ]] || copy_rootfs "$suite" "$dir"
    copy_sources "$dir"
    for store in $(stores "$dir"); do
        run_cell "$name" "$store" "${command[@]}"
    done
}

show_table() {
    echo '| Debian | tested | nginx | OpenSSL | hiredis | libmemcached' \
        '| store | memcached | GCC | passed | failed |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|'
    cat "$out"/*.row
}

main() {
    parse "$@"
    mkdir -p "$out"
    local suite
    for suite in "${suites[@]}"; do
        run_suite "$suite"
    done
    show_table | tee "$out/matrix.md"
    ((failures == 0))
}

main "$@"
