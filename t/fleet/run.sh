# shellcheck shell=bash
# Sourced by build.sh: the verb fleet.

help_fleet() {
    cat << END
Usage: ./build.sh fleet [OPTION VALUE]...

Lets a fleet on one machine have a bad day.

Starts nginx nodes with two workers each, a store, and clients that come back at
random times to random nodes with their sessions. Meanwhile one event after the
other happens. Prints a line for each second, checks what must hold, and leaves
fleet.svg, fleet.html and fleet.csv in build/fleet (docs/fleet.md).

  --store redis | sentinel | cluster | memcached    (cluster)
  --tickets off | shared                            (shared)
  --minutes COUNT     how long it takes; longer if recoveries do (6)
  --nodes COUNT       number of nodes (12)
  --clients COUNT     number of clients (2000)
  --rate COUNT        visits per second of all clients together (200)
  --script NAME,...   events, in order; by default all of
                      reload,restart,cold,key,certificates,kill,freeze,slow,
                      reshard,slot,peak
  --seed NUMBER       the seed of random choices (1)
  --out DIRECTORY     where to leave the pictures (build/fleet)
END
}

cmd_fleet() {
    require "${build_packages[@]}" "${test_packages[@]}"
    rm -f build/fleet/summary
    cmd_build
    build_tests fleet
    build/t/fleet "$@"
}
