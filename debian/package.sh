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
    say "install these with apt-get install ./build/package/NAME.deb:"
    printf '    %s\n' build/package/*.deb
}

# The changelog's version. Between two releases it also has the commit and its
# time, so that apt takes later packages for newer ones. Such a version sorts
# before that of the changelog until its release is tagged, and then after it.
source_version() {
    local release separator='~' time
    release=$(debian/version.sh)
    printf '%s' "$release"
    git rev-parse -q --verify HEAD > /dev/null 2>&1 || return 0

    time=$(git log -1 --format=%ct)
    if [[ -n $(git status --porcelain --untracked-files=no) ]]; then
        time=$(date +%s)
    elif [[ -n $(git tag --points-at HEAD "v$release") ]]; then
        return 0
    fi
    ! git merge-base --is-ancestor "v$release" HEAD 2> /dev/null ||
        separator=+
    printf '%sgit%s.%s' "$separator" \
        "$(date -u -d "@$time" +%Y%m%d%H%M%S)" "$(git rev-parse --short HEAD)"
}

# A package is for one release of Debian and its nginx, so an upgraded machine
# needs another one.
package_version() {
    local nginx
    nginx=$(dpkg-query -W -f='${source:Upstream-Version}' nginx-dev)
    # shellcheck source=/dev/null
    printf '%s+nginx%s~deb%s\n' "$(source_version)" "$nginx" \
        "$(. /etc/os-release && echo "${VERSION_ID-$VERSION_CODENAME}")"
}

# Debian's tools and nginx's scripts need a path without spaces, and leave what
# they make next to the sources' directory.
make_packages() {
    local dir version
    version=$(package_version)
    dir=$(mktemp -d)
    # shellcheck disable=SC2064 # while it is known
    trap "rm -rf '$dir'" EXIT
    mkdir "$dir/source"
    tar -c --exclude=./build --exclude=./.git . | tar -x -C "$dir/source"
    sed -i "1s/(.*)/($version)/" "$dir/source/debian/changelog"
    followed build/package.log \
        's/^dpkg-deb: building package .\([a-z-]*\)..*/    \1/p' \
        env -C "$dir/source" \
        DEB_BUILD_OPTIONS="parallel=$(nproc) noautodbgsym" \
        dpkg-buildpackage -b -us -uc
    rm -rf build/package
    mkdir build/package
    mv "$dir"/*.deb build/package
}
