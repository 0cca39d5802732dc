# shellcheck shell=bash
# Sourced by build.sh: the verb fleet.

help_fleet() {
    cat << END
Usage: ./build.sh fleet [OPTION VALUE]...

A fleet on one machine has a bad day.

Nginx nodes of two workers, a store, and clients that come back at random times
to random nodes with the session that they have. Meanwhile one event after the
other happens. Prints a line for each second and what has to hold, and leaves
fleet.svg, fleet.html and fleet.csv in build/fleet (docs/fleet.md).

  --store redis | sentinel | cluster | memcached    (cluster)
  --tickets off | shared                            (shared)
  --minutes COUNT     how long it takes: more, where recovering does (6)
  --nodes COUNT       (12)
  --clients COUNT     (2000)
  --rate COUNT        visits a second, of all clients together (200)
  --script NAME,...   events in their order; all is
                      reload,restart,cold,key,certificates,kill,freeze,slow,
                      reshard,slot,peak
  --seed NUMBER       of what is random (1)
  --out DIRECTORY     where the pictures go (build/fleet)
END
}

cmd_fleet() {
    require "${build_packages[@]}" "${test_packages[@]}"
    rm -f build/fleet/summary
    cmd_build
    build_tests fleet
    build/t/fleet "$@"
}
