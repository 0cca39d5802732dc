#!/usr/bin/env bash
# Tries the packages as a new user would: makes them in root file systems of
# Debian's suites, checks them with lintian, installs them with apt on a bare
# system, lets two nodes resume each other's sessions, upgrades them under a
# serving nginx, and removes them.
#
# usage: trial.sh [SUITE...]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../say.sh
. t/say.sh
# shellcheck source=common.sh
. t/distros/common.sh
# shellcheck source=rootfs.sh
. t/distros/rootfs.sh

out=build/trial

# make_packages SUITE AGE: to SUITE-AGE; `new` ones have a later version. The root
# file system stays for the next run.
make_packages() {
    local suite=$1 age=$2 dir=$out/$1-maker
    [[ -d $dir ]] || copy_rootfs "$suite" "$dir"
    copy_sources "$dir"
    [[ $age == old ]] ||
        sed -i '1s/(\(.*\))/(\1.1)/' "$dir/src/debian/changelog"
    say "$suite: making the $age packages"
    logged "$dir.log" in_rootfs "$dir" /src/build.sh package
    rm -rf "$out/$suite-$age"
    cp -r "$dir/src/build/package" "$out/$suite-$age"
}

# As root, about which it warns, and with the other packages that it needs. A
# long file name matters only on CDs.
lint_packages() {
    local dir=$out/$1-maker
    say "$1: lintian"
    logged "$dir.lintian.log" in_rootfs "$dir" sh -ec '
        apt-get install -q -y --no-install-recommends lintian
        cd /src/build/package
        lintian --allow-root --fail-on error,warning \
            --suppress-tags package-has-long-file-name ./*.deb'
}

try_packages() {
    local suite=$1 dir=$out/$1
    say "$suite: installing them on a bare system"
    copy_rootfs "$suite" "$dir"
    mkdir "$dir/packages"
    cp -r "$dir-old" "$dir/packages/old"
    cp -r "$dir-new" "$dir/packages/new"
    cp t/distros/{newcomer,upgrade,visits}.sh "$dir/packages"
    logged "$dir.apt.log" in_rootfs "$dir" sh -ec '
        apt-get install -q -y --no-install-recommends \
            nginx redis-server memcached openssl /packages/old/*.deb'
    say "$suite: two nodes"
    in_rootfs --no-network "$dir" bash /packages/newcomer.sh resume
    say "$suite: upgrading them"
    in_rootfs --no-network "$dir" bash /packages/upgrade.sh /packages/{old,new}
    say "$suite: removing them"
    logged "$dir.apt.log" in_rootfs "$dir" sh -ec '
        apt-get purge -q -y "libnginx-mod-*ssl-session-cache*" \
            ngx-ssl-session-cache-tools'
    in_rootfs --no-network "$dir" bash /packages/newcomer.sh removed
    rm -rf "$dir"
}

main() {
    local suite
    (($#)) || set -- bookworm trixie
    for suite in "$@"; do
        make_packages "$suite" new
        make_packages "$suite" old
        lint_packages "$suite"
        try_packages "$suite"
    done
    say "the packages of $* work"
}

main "$@"
