# shellcheck shell=bash
# Sourced after t/distros/common.sh: nginx's sources, from the distribution's
# source package. Needs $version and the absolute path $dir.

# Puts them into $dir/src/nginx. The machine's own apt is not changed.
fetch_nginx() {
    rm -rf "$dir/src"
    find_suite
    (fetch)
}

# apt-get and apt-cache with sources and lists of their own.
apt() {
    local tool=$1
    shift
    "$tool" -o Dir::Etc::SourceList="$dir/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$dir/apt/lists" \
        -o Dir::Cache="$dir/apt" -o APT::Sandbox::User=root \
        -o Acquire::Check-Valid-Until=false "$@"
}

use_suite() {
    local option=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
    rm -rf "$dir/apt"
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial"
    archives "$1" | sed "s|.*|deb-src [$option] &\ndeb [$option] &|" \
        > "$dir/apt/sources.list"
    # A suite may have no security updates of its own.
    apt apt-get update -qq > "$dir/apt.log" 2>&1 || true
}

# Prints the package's versions of this nginx, the newest first.
packaged() {
    apt apt-cache showsrc --only-source nginx 2> /dev/null |
        sed -n "s/^Version: \($version-.*\)/\1/p" | sort -rVu
}

# Looks for the version in the distribution's suites.
find_suite() {
    local suite
    for suite in bookworm trixie forky sid bullseye; do
        use_suite "$suite"
        if [[ -n $(packaged) ]]; then
            say "nginx $version is in $suite"
            return
        fi
    done
    die "no suite of the distribution has nginx $version"
}

# Takes the newest available version of the package. A mirror without the
# packaging may still have the sources.
fetch() {
    local package
    mkdir -p "$dir/src"
    cd "$dir/src"
    for package in $(packaged); do
        if apt apt-get source -qq --download-only "nginx=$package" \
            > "$dir/apt.log" 2>&1; then
            dpkg-source -x --no-check nginx_*.dsc nginx > "$dir/apt.log"
            say "unpacked nginx $package"
            return
        fi
    done
    # apt-get keeps no file that differs from the package's index.
    [[ -f nginx_$version.orig.tar.gz ]] ||
        die "cannot download nginx: $(grep -m 1 ^E: "$dir/apt.log")"
    mkdir nginx
    tar -xf "nginx_$version.orig.tar.gz" -C nginx --strip-components=1
    say "unpacked nginx $version, without the distribution's packaging"
}
