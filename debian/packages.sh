# shellcheck shell=bash
# Sourced by build.sh: the packages that the verbs need, and the verb deps.

build_packages=(nginx nginx-dev g++ make nlohmann-json3-dev
    libssl-dev libboost-context-dev libhiredis-dev libmemcached-dev)
demo_packages=(redis-server memcached openssl)
# REDIS_SERVER in the environment names another server, such as valkey-server.
# libsasl2-modules: PLAIN for memcached, and sasl2-bin: saslpasswd2.
redis=${REDIS_SERVER-redis-server}
test_packages=(doctest-dev libtins-dev "$redis" memcached sasl2-bin
    libsasl2-modules dnsmasq-base openssl libgnutls28-dev nodejs golang-go
    chromium chromium-driver python3-prometheus-client prometheus
    libnginx-mod-stream libnginx-mod-mail libnginx-mod-http-lua)
memcheck_packages=(valgrind)
debug_packages=(libpcap-dev nlohmann-json3-dev tcpdump)
bench_packages=(redis-server memcached openssl procps gnuplot-nox
    valgrind)
# Servers to compare with. h2o is not available everywhere.
bench_other_packages=(h2o apache2-bin)
fuzz_packages=(clang libclang-rt-dev)
mutants_packages=(clang libclang-dev binutils)
source_packages=(dpkg-dev ccache)
rootfs_packages=(debootstrap iproute2)
lint_packages=(clang-format clang-tidy shellcheck)

# apt-get source unpacks with dpkg-dev. The client is for HTTP/3.
nginx_packages=(dpkg-dev patch)
package_packages=(build-essential debhelper fakeroot libnginx-mod-stream
    libnginx-mod-mail)
http3_packages=(ngtcp2-client)

cmd_deps() {
    require "${build_packages[@]}" "${demo_packages[@]}" \
        "${test_packages[@]}" "${debug_packages[@]}" \
        "${memcheck_packages[@]}" "${bench_packages[@]}" \
        "${fuzz_packages[@]}" "${lint_packages[@]}" "${nginx_packages[@]}" \
        "${http3_packages[@]}" "${package_packages[@]}" \
        "${mutants_packages[@]}" "${source_packages[@]}" "${rootfs_packages[@]}"
}

# Prints which of the packages are not installed.
missing() {
    local package
    for package in "$@"; do
        # Node.js is often installed without Debian's package.
        [[ $package == nodejs ]] && command -v node > /dev/null && continue
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2> /dev/null |
            grep -qx installed || echo "$package"
    done
}

# Installs the packages that are missing.
require() {
    command -v dpkg-query > /dev/null ||
        die "this is not Debian: install the equivalents of: $*"
    local packages as_root=()
    mapfile -t packages < <(missing "$@")
    ((${#packages[@]})) || return 0

    local install=(apt-get install -y --no-install-recommends)
    if ((EUID)); then
        as_root=(sudo)
        { sudo -n true || { [[ -t 0 ]] && sudo -v; }; } 2> /dev/null ||
            die "packages are missing; run as root:
${install[*]} ${packages[*]}"
    fi
    say "installing ${packages[*]}"
    mkdir -p build
    # Every tenth archive is enough progress. Two installations at the same
    # time, from two clones, take turns.
    # shellcheck disable=SC2016
    followed build/apt.log '
        s/^\(Need to get\|Fetched\) .*/    &/p
        s|^Preparing .*/[0-9]*0-\([^_]*\)_.*|    unpacking \1|p' \
        "${as_root[@]}" flock /var/lib/dpkg env LC_ALL=C \
        DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -q update; exec "$@"' \
        sh "${install[@]}" -q "${packages[@]}"
}
