# shellcheck shell=bash
# Sourced by build.sh: the verbs install and uninstall.

cmd_install() {
    local protocol module
    without_packages
    require "${build_packages[@]}" "${debug_packages[@]}"
    cmd_build
    build_debug
    install -D -m 755 "$out/$program" "$(program_path)"
    install -D -m 644 "docs/$program.1" "$(manual_path)"
    for protocol in http stream mail; do
        has_own "$protocol" || continue
        module=ngx_${protocol}_ssl_session_cache_module.so
        install -D -m 644 "$out/$module" "$(modules_path)/$module"
        say "installed $module"
        [[ ! -d /etc/nginx/modules-enabled ]] || enable "$protocol" "$module"
    done
    say "restart nginx; if a module is not enabled, add its load_module first"
}

cmd_uninstall() {
    local protocol
    without_packages
    rm -f "$(program_path)" "$(manual_path)"
    for protocol in http stream mail; do
        rm -f "$(available_path "$protocol")" "$(enabled_path "$protocol")" \
            "$(modules_path)/ngx_${protocol}_ssl_session_cache_module.so"
    done
}

# The packages have the same files.
without_packages() {
    local packages
    # shellcheck disable=SC2016 # dpkg's variables
    mapfile -t packages < <(
        dpkg-query -W -f='${db:Status-Status} ${Package}\n' \
            'libnginx-mod-*-ssl-session-cache' 2> /dev/null |
            sed -n 's/^installed //p')
    [[ ${DESTDIR-} || ${#packages[@]} == 0 ]] ||
        die "the packages are installed; remove them first:
apt-get purge ${packages[*]}"
}

# Where install puts files. Debian's nginx loads enabled modules, in order.
program_path() {
    echo "${DESTDIR-}/usr/local/bin/$program"
}

manual_path() {
    echo "${DESTDIR-}/usr/local/share/man/man1/$program.1"
}

available_path() {
    echo "${DESTDIR-}/usr/share/nginx/modules-available/$(snippet "$1")"
}

# The same numbers as dh_nginx(1) uses. nginx's own is 50.
enabled_path() {
    local priority=70
    [[ $1 != http ]] || priority=50
    echo "${DESTDIR-}/etc/nginx/modules-enabled/$priority-$(snippet "$1")"
}

snippet() {
    echo "mod-$1-ssl-session-cache.conf"
}

# enable PROTOCOL MODULE
enable() {
    install -D -m 644 /dev/stdin "$(available_path "$1")" \
        <<< "load_module modules/$2;"
    mkdir -p "$(dirname "$(enabled_path "$1")")"
    ln -sf "/usr/share/nginx/modules-available/$(snippet "$1")" \
        "$(enabled_path "$1")"
}
