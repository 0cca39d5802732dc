#!/usr/bin/env bash
## Usage: ./build.sh [VERB] [ARGUMENTS]
##        ./build.sh VERB --help
##
# Each verb has a row in the table below. Lines that begin with ## are help.
# The verb itself is the function cmd_VERB. If its program has a --help of its
# own, the function help_VERB calls that.
set -euo pipefail

CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export PATH="$PATH:/usr/sbin:/sbin"
# If make runs this, its options are not for the makes that run here.
unset MAKEFLAGS MFLAGS
. t/say.sh

# Where things are built, and additional compiler options for our code.
out=build
options=
. t/sanitize.sh

. src/module/load.sh
. src/module/build.sh
## build      build the modules for http, stream and mail
##            (build/ngx_http_ssl_session_cache_module.so and so on). This is
##            the default verb
## nginx [--unpatched] VERSION | --source DIRECTORY
##            build nginx with the patch that HTTP/3 needs (patches/README.md),
##            and the modules for it, in build/nginx-VERSION. The sources are
##            the distribution's package, or a copy of DIRECTORY. --unpatched
##            builds without the patch, in build/nginx-VERSION-unpatched

. src/debug/build.sh
## debug [ARGS]
##            build and run the debug program, which runs tcpdump and tells
##            the story of each handshake (docs/debug.md). ARGS are its options,
##            such as --demo or --help

. debian/packages.sh
## deps       install all packages that any verb needs

. debian/install.sh
## install    build the modules and the debug program, and install them for the
##            installed nginx. Those for stream and mail are installed if nginx
##            has these protocols. Run it as root, or set DESTDIR
## uninstall  remove what the verb install has installed

. debian/package.sh
## package    make Debian packages for this machine's nginx in build/package:
##            the modules, what memcached needs, and the debug program

. t/run.sh
. t/test.sh
## test [--suite NAME]... [ARGS]
##            build and run all tests, or only the named suites. ARGS are
##            doctest's, such as -tc='redis*'. With SANITIZE=1 in the
##            environment, AddressSanitizer and UBSan check all of our code,
##            except in the fault matrix, which starves workers
## test --list
##            print the names of the suites, and what each one tests
## faults [ARGS]
##            build and run the fault matrix: what a store, a client or an
##            operator can do to a server. Prints the table, build/faults.md

. t/http3.sh
## http3 [VERSION | --source DIRECTORY] [ARGS]
##            build nginx as the verb nginx does, and run the tests of HTTP/3
##            with it. The default VERSION is 1.26.3. ARGS are doctest's

. t/memory.sh
## memcheck [ARGS]
##            build and run end-to-end tests with nginx in Valgrind. doctest's
##            ARGS choose the tests. The default is some of every kind, because
##            all of them would take an hour
## soak [SECONDS]
##            load real workers for SECONDS (60 or more, by default 600) while
##            stores fail at random, and check that the workers do not grow.
##            SEED=N repeats the faults of a run

. t/simulate/run.sh
## simulate [SECONDS]
##            build the simulation of t/simulate and run it for SECONDS (by
##            default 60) with new seeds: workers and servers of all kinds in
##            virtual time, with everything that may go wrong. SEED=N runs one
##            seed, and prints its events

. t/mutants/run.sh
## mutants [SECONDS]
##            change the code in one place at a time and see whether a test
##            fails, in a fixed sample of 300 places or for SECONDS; --help says
##            more

. t/fleet/run.sh
## fleet [OPTION VALUE]...
##            let a fleet of nodes, a store and thousands of clients have a bad
##            day on this machine, and report what it cost (docs/fleet.md).
##            --help lists the options

. t/fuzz/run.sh
## fuzz [SECONDS]
##            build the fuzz targets of t/fuzz and run all of them side by side
##            for SECONDS (by default 600). Findings are left in build/fuzz.
##            SEED=N repeats a run

. t/lint.sh
## lint       run clang-format, clang-tidy and shellcheck

. t/programs.sh
## demo [--store redis | memcached | cluster | sentinel] [--keep]
##            start two nodes and a store, and resume the sessions of one node
##            at the other. The default store is a Redis. With a Redis Cluster,
##            or a Redis that Sentinels watch, a master is killed meanwhile.
##            --keep leaves everything running until Ctrl-C
## bench [ARGS]
##            build and run the benchmark, which takes about ten minutes and
##            writes build/bench (docs/benchmarks.md). ARGS are its options,
##            such as --rows or --help
## builds [WORD]...
##            build nginx from the distribution's sources with the modules,
##            static and dynamic, with the options that matter, and let two
##            nodes of each build resume. WORDs choose builds whose names
##            contain them
## matrix [SUITE]... [ARGS]
##            run the tests in root file systems of Debian's suites (bookworm
##            trixie sid), with every store of each, and with the oldest nginx
##            and compiler (oldest). ARGS are those of the verb test. Prints the
##            table, build/matrix/matrix.md. Run it as root
## trial [SUITE]...
##            make the packages in root file systems of Debian's suites
##            (bookworm trixie), check them, and try them in clean ones:
##            install, let two nodes resume, upgrade, remove. Run it as root

## clean      remove everything that was built
## help [VERB]
##            print this list, or its entry for VERB
##
## All verbs build for the nginx on PATH, and test with it. NGX_SRC in the
## environment names a source tree to build against instead of the nginx-dev
## package's.

cmd_clean() {
    rm -rf build
}

cmd_help() {
    if (($#)); then
        check_verb "$1"
        show_verb "$1"
    else
        list_verbs
    fi
}

# Prints the list and ends unless there is such a verb.
check_verb() {
    declare -F "cmd_$1" > /dev/null && return
    list_verbs >&2
    die "no such verb: $1"
}

list_verbs() {
    sed -n 's/^## \{0,1\}//p' build.sh
}

# The verb's own rows of the table.
show_verb() {
    awk -v verb="$1" '
        !/^##  / { own = /^## / && $2 == verb }
        own { print substr($0, 4) }' build.sh
}

asks_for_help() {
    local argument
    for argument in "$@"; do
        [[ $argument != -h && $argument != --help ]] || return 0
    done
    return 1
}

main() {
    local verb=${1:-build}
    shift $(($# > 0))
    [[ $verb != -h && $verb != --help ]] || verb=help
    check_verb "$verb"
    if ! asks_for_help "$@"; then
        "cmd_$verb" "$@"
    elif declare -F "help_$verb" > /dev/null; then
        "help_$verb"
    else
        show_verb "$verb"
    fi
}

main "$@"
