# shellcheck shell=bash
# Sourced by build.sh: the verb package.

cmd_package() {
    require "${build_packages[@]}" "${debug_packages[@]}" \
        "${package_packages[@]}"
    mkdir -p "$out"
    (
        flock 9
        say "making the packages"
        make_packages
    ) 9> "$out/.lock"
    say "made, for apt-get install ./build/package/NAME.deb:"
    printf '    %s\n' build/package/*.deb
}

# Debian's tools and nginx's scripts want a path without spaces, and leave what
# they make beside the sources' directory. A package is for one release and its
# nginx, which the version tells, so that an upgraded machine wants another.
make_packages() {
    local dir release
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${VERSION_ID-$VERSION_CODENAME}")
    dir=$(mktemp -d)
    # shellcheck disable=SC2064 # while it is known
    trap "rm -rf '$dir'" EXIT
    mkdir "$dir/source"
    tar -c --exclude=./build --exclude=./.git . | tar -x -C "$dir/source"
    sed -i "1s/)/~deb$release)/" "$dir/source/debian/changelog"
    followed build/package.log \
        's/^dpkg-deb: building package .\([a-z-]*\)..*/    \1/p' \
        env -C "$dir/source" \
        DEB_BUILD_OPTIONS="parallel=$(nproc) noautodbgsym" \
        dpkg-buildpackage -b -us -uc
    rm -rf build/package
    mkdir build/package
    mv "$dir"/*.deb build/package
}
