#!/usr/bin/env bash
## Usage: ./build.sh [VERB] [ARGUMENTS]
##        ./build.sh VERB --help
##
# Each verb has a row in the table below, where what begins with ## is help.
# The verb itself is the function cmd_VERB. A function help_VERB answers --help
# for one whose program has such an option.
set -euo pipefail

CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export PATH="$PATH:/usr/sbin:/sbin"
# The options of the make that runs this are not for the makes run here.
unset MAKEFLAGS MFLAGS
. t/say.sh

# Where things are built, and more options for what is ours.
out=build
options=
. t/sanitize.sh

. src/module/load.sh
. src/module/build.sh
## build      build the modules for http, stream and mail, that is
##            build/ngx_http_ssl_session_cache_module.so and so on; this is the
##            verb when none is given
## nginx [--unpatched] VERSION | --source DIRECTORY
##            build nginx from the distribution's source package, or a copy of
##            the sources in DIRECTORY, with the patch that HTTP/3 needs
##            (patches/README.md), and the modules for it; both are left in
##            build/nginx-VERSION or, with --unpatched and so without the
##            patch, in build/nginx-VERSION-unpatched

. src/debug/build.sh
## debug [ARGS]
##            build and run the debug program, which drives tcpdump and tells
##            the story of each handshake (docs/debug.md); ARGS are its options,
##            such as --demo or --help

. debian/packages.sh
## deps       install every package that any verb needs

. debian/install.sh
## install    build the modules and the debug program, and install them for the
##            installed nginx, those for stream and mail where it has these
##            itself; as root, or below DESTDIR
## uninstall  remove what install has installed

. debian/package.sh
## package    make Debian packages for this machine's nginx in build/package:
##            the modules, a companion for memcached and the debug program

. t/run.sh
. t/test.sh
## test [--suite NAME]... [ARGS]
##            build and run the tests, or those of the suites that are named;
##            ARGS are doctest's, such as -tc='redis*'. With SANITIZE=1 in the
##            environment all of ours is checked by AddressSanitizer and UBSan,
##            but for the fault matrix, which starves workers
## test --list
##            print the names of the suites, and what each is about
## faults [ARGS]
##            build and run the fault matrix: what a store, a client or an
##            operator can do to a server; prints the table, build/faults.md

. t/http3.sh
## http3 [VERSION | --source DIRECTORY] [ARGS]
##            build nginx VERSION, 1.26.3 unless told otherwise, or the sources
##            in DIRECTORY, as the verb nginx does, and run the tests of HTTP/3
##            with it; ARGS are doctest's, after either

. t/memory.sh
## memcheck [ARGS]
##            build and run end-to-end tests with nginx in Valgrind: those that
##            doctest's ARGS choose or, as all would take an hour, some of every
##            kind
## soak [SECONDS]
##            load real workers for SECONDS, 60 or more, by default 600, while
##            stores fail at random: what the workers hold in the end must not
##            have grown; SEED=N repeats a run's faults

. t/simulate/run.sh
## simulate [SECONDS]
##            build the simulation of t/simulate and play it for SECONDS, by
##            default 60, with new seeds: workers and servers of all kinds in
##            virtual time, with whatever may go wrong; SEED=N plays that one
##            and tells of it

. t/fleet/run.sh
## fleet [OPTION VALUE]...
##            let a fleet of nodes, a store and thousands of clients have a bad
##            day on this machine, and say what it has cost (docs/fleet.md);
##            --help tells the options

. t/fuzz/run.sh
## fuzz [SECONDS]
##            build the fuzz targets of t/fuzz and run all of them at a time for
##            SECONDS, by default 600; what they find is left in build/fuzz;
##            SEED=N repeats what they try

. t/lint.sh
## lint       run clang-format, clang-tidy and shellcheck

. t/programs.sh
## demo [--store redis | memcached | cluster | sentinel] [--keep]
##            start two nodes and a store, a Redis unless told otherwise, and
##            resume at one node the sessions of the other. Of a Redis Cluster,
##            and of a Redis that Sentinels watch, the master is killed
##            meanwhile. --keep leaves them running until Ctrl-C
## bench [ARGS]
##            build and run the benchmark, about ten minutes, which writes
##            build/bench (docs/benchmarks.md); ARGS are its options, such as
##            --rows or --help
## builds [WORD]...
##            build nginx from the distribution's sources with the modules,
##            static and dynamic, with the options that matter, and let two
##            nodes of each resume; with words only those whose names have them
## matrix [SUITE]... [ARGS]
##            run the tests in root file systems of Debian's suites (bookworm
##            trixie sid), with every store of each, and with the oldest nginx
##            and compiler (oldest); ARGS are those of test; prints the table,
##            build/matrix/matrix.md; as root
## trial [SUITE]...
##            make the packages in root file systems of Debian's suites
##            (bookworm trixie), check them, and try them in clean ones:
##            install, let two nodes resume, upgrade, remove; as root

## clean      remove everything that was built
## help [VERB]
##            print this list, or what it has of VERB
##
## The nginx on PATH is the one to build for and to test with. NGX_SRC in the
## environment names another tree to build against than the nginx-dev package.

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

# Ends with the list unless there is such a verb.
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
