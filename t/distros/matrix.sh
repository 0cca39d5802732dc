#!/usr/bin/env bash
# Runs the tests in root file systems of Debian's suites, a cell for each
# suite and store that speaks Redis' protocol. Root file systems and what was
# built in them stay in build/matrix for the next run.
#
# usage: matrix.sh [SUITE...] [doctest's ARGUMENTS]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
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
    ((${#suites[@]})) || suites=(bookworm trixie sid)
    arguments=("$@")
}

# The stores that the suite has, but for memcached, which is in each cell.
stores() {
    in_rootfs "$1" apt-cache pkgnames |
        grep -xE 'redis-server|valkey-server' | sort
}

# version DIR PACKAGE: the upstream one, of what is installed.
version() {
    # shellcheck disable=SC2016 # dpkg's variables
    in_rootfs "$1" dpkg-query -W -f '${Version}\n' "$2" 2> /dev/null |
        sed 's/^[0-9]*://; s/[-+~].*//'
}

# row SUITE STORE DIR: the cell's line of the table.
row() {
    local dir=$3 passed='does not build' failed=-
    [[ ! -f $dir/src/build/t/summary ]] ||
        IFS=', ' read -r passed _ failed _ < "$dir/src/build/t/summary"
    printf '| %s ' "$1" "$(date -I)" "$(version "$dir" nginx-dev)" \
        "$(version "$dir" libssl-dev)" "$(version "$dir" libhiredis-dev)" \
        "${2%-server} $(version "$dir" "$2")" "$(version "$dir" memcached)" \
        "$(in_rootfs "$dir" g++ -dumpfullversion)" "$passed" "$failed"
    echo '|'
}

run_cell() {
    local suite=$1 store=$2 dir=$out/$1 cell=$out/$1-$2
    say "$suite with $store"
    rm -f "$dir/src/build/t/summary" "$cell.row"
    in_rootfs "$dir" env REDIS_SERVER="$store" nice /src/build.sh test \
        "${arguments[@]}" < /dev/null > "$cell.log" 2>&1 ||
        failures=$((failures + 1))
    tail -n 1 "$cell.log"
    row "$suite" "$store" "$dir" > "$cell.row"
}

run_suite() {
    local suite=$1 dir=$out/$1 store
    [[ -d $dir ]] || copy_rootfs "$suite" "$dir"
    copy_sources "$dir"
    for store in $(stores "$dir"); do
        run_cell "$suite" "$store"
    done
}

show_table() {
    echo '| Debian | tested | nginx | OpenSSL | hiredis | store' \
        '| memcached | GCC | passed | failed |'
    echo '|---|---|---|---|---|---|---|---|---|---|'
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
