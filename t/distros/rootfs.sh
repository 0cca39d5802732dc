# shellcheck shell=bash
# Sourced: root file systems of Debian's suites, and commands in them.

# Makes build/chroots/SUITE, with only the essential packages of the suite, in
# their present versions.
make_rootfs() {
    local suite=$1 dir=build/chroots/$1
    ((EUID == 0)) || die "only root can make root file systems: use sudo"
    [[ ! -d $dir ]] || return 0
    say "making a root file system of $suite"
    rm -rf "$dir.new"
    logged "$dir.log" debootstrap --variant=minbase "$suite" "$dir.new" \
        "$(mirror "$suite")" || die "debootstrap failed; see $dir.log"
    archives "$suite" | sed 's/^/deb /' > "$dir.new/etc/apt/sources.list"
    # The mirror may be a snapshot.
    echo 'Acquire::Check-Valid-Until "false";' \
        > "$dir.new/etc/apt/apt.conf.d/snapshot"
    # As on every machine. A browser's driver needs the name.
    printf '127.0.0.1 localhost\n::1 localhost\n' > "$dir.new/etc/hosts"
    # No package starts a server by itself.
    printf '#!/bin/sh\nexit 101\n' > "$dir.new/usr/sbin/policy-rc.d"
    chmod +x "$dir.new/usr/sbin/policy-rc.d"
    in_rootfs "$dir.new" apt-get -q update > "$dir.log"
    mv "$dir.new" "$dir"
}

# copy_rootfs SUITE DIR
copy_rootfs() {
    make_rootfs "$1"
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    cp -a --reflink=auto "build/chroots/$1" "$2"
}

# in_rootfs [--no-network] DIR COMMAND...: as root, with process and mount
# namespaces and, with --no-network, a loopback interface of its own. All of
# these end with the command.
in_rootfs() {
    local own=(--mount --pid --fork --kill-child)
    if [[ $1 == --no-network ]]; then
        own+=(--net)
        shift
    fi
    local dir=$1
    shift
    [[ ! -f /etc/resolv.conf ]] || cp -L /etc/resolv.conf "$dir/etc/"
    # shellcheck disable=SC2016 # the shell there expands them
    unshare "${own[@]}" sh -ec '
        dir=$1
        shift
        ip link set lo up
        mount -t proc proc "$dir/proc"
        mount --rbind /dev "$dir/dev"
        mount -t tmpfs shm "$dir/dev/shm"
        exec chroot "$dir" env -i HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            DEBIAN_FRONTEND=noninteractive "$@"
    ' sh "$dir" "$@"
}

# Puts the sources into DIR/src of a root file system. Keeps what was built
# there.
copy_sources() {
    mkdir -p "$1/src"
    find "$1/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    tar -c --exclude=./build --exclude=./.git . | tar -x -C "$1/src"
}
