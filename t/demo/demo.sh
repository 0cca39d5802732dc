#!/usr/bin/env bash
# Two nginx nodes share a store: TLS sessions that were made at node A are
# presented to node B. With a Redis or a memcached it shows what a handshake
# costs. With a Redis Cluster, or a Redis that Sentinels watch, a master is
# killed meanwhile. Everything is private to the run, in a temporary directory.
# The exit status is 0 if everything was as expected.
#
# usage: demo.sh MODULE.so [--store redis | memcached | cluster | sentinel]
#                [--keep] [--watched]
#
# An empty MODULE.so means that the nginx on PATH has the module built in.
# --watched is for the debug program: the store is on TCP ports, descriptor 3
# gets all addresses and files, and a line on standard input starts the clients.
#
# A store is a file in stores/, which defines
#   store_title       its description
#   start_store       sets store_parameters (the directive's) and
#                     store_addresses (KIND:ADDRESS of each server)
#   show_store        what the demo shows
set -euo pipefail

here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
not_as_expected=()

. "$here/servers.sh"
. "$here/clients.sh"
. "$here/nodes.sh"

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '==> %s\n' "$*"
}

# Notes an unexpected result of a client.
complain() {
    not_as_expected+=("$*")
}

load_store() {
    case $1 in
    redis) . "$here/stores/redis.sh" ;;
    memcached) . "$here/stores/memcached.sh" ;;
    cluster) . "$here/stores/cluster.sh" ;;
    sentinel) . "$here/stores/sentinel.sh" ;;
    *) die "no such store: $1 (redis, memcached, cluster or sentinel)" ;;
    esac
}

parse() {
    module=${1?the module is missing}
    store=redis
    keep=
    watched=
    log_level=info
    shift
    while (($#)); do
        case $1 in
        --keep) keep=1 ;;
        --watched)
            watched=1
            log_level=debug
            ;;
        --store)
            store=${2-}
            shift
            ;;
        *) die "no such option: $1" ;;
        esac
        shift $(($# > 0))
    done
    load_store "$store"
}

main() {
    parse "$@"
    build_client
    local base=${TMPDIR:-/tmp}
    # A Unix socket's path has at most 107 bytes, and paths here are not quoted.
    [[ ${#base} -lt 60 && $base != *[[:space:]]* ]] || base=/tmp
    work=$(mktemp -d "$base/tls-demo.XXXXXX")
    trap finish EXIT
    trap 'exit 1' INT TERM HUP

    say "starting $store_title and two nginx nodes in $work"
    make_secrets
    start_store
    start_node A
    start_node B
    if [[ $watched ]]; then
        announce_fleet
        read -r
    fi
    show_store
    if ((${#not_as_expected[@]})); then
        printf 'demo: %s\n' "${not_as_expected[@]}" >&2
        show_logs
        exit 1
    fi
    say "$all_is_well"
    if [[ $keep ]]; then
        show_fleet
        trap 'exit 0' INT TERM HUP
        wait
    fi
}

main "$@"
