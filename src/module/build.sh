# shellcheck shell=bash
# Sourced by build.sh: the verbs build and nginx, which configure and compile
# the modules.

. patches/choose.sh

modules=(ngx_{http,stream,mail}_ssl_session_cache_module.so)

cmd_build() {
    require "${build_packages[@]}"
    mkdir -p "$out"
    (
        # Two builds in one tree would write the same objects.
        flock 9
        configure
        compile
        # A module with a memory checker loads only beside the checker.
        [[ -n $options ]] || check_loads
    ) 9> "$out/.lock"
}

# Where the verb was called. Paths in its arguments are relative to this.
called_in=$OLDPWD

cmd_nginx() {
    local version source='' taken unpatched=''
    if [[ ${1-} == --unpatched ]]; then
        unpatched=1
        shift
    fi
    choose_nginx "$@"
    (($# == taken)) || die "one nginx at a time: ${*:taken + 1}"
    build_nginx
}

# choose_nginx VERSION | --source DIRECTORY: sets the caller's version, source
# and taken, the number of arguments that were for it.
choose_nginx() {
    taken=1
    case ${1-} in
    --source)
        taken=2
        (($# >= 2)) || die "--source wants a directory with nginx's sources"
        source=$2
        ;;
    --source=*) source=${1#*=} ;;
    '' | -*)
        die "which version, or --source DIRECTORY? These have a patch:
$(printf '    %s\n' patches/nginx-*)"
        ;;
    *)
        version=$1
        return
        ;;
    esac
    [[ $source == /* ]] || source=$called_in/$source
    version=$(version_of "$source")
}

# Builds the caller's nginx. Sets the caller's nginx_dir to where that is.
build_nginx() {
    nginx_dir=$PWD/$out/nginx-$version${unpatched:+-unpatched}
    [[ $unpatched ]] || check_patch "$version"
    require "${build_packages[@]}" "${nginx_packages[@]}"
    mkdir -p "$out"
    flock "$out/.lock" \
        env SSL_SESSION_CACHE_OPTIONS="$options" \
        patches/build.sh ${unpatched:+--unpatched} \
        ${source:+--source "$source"} "$version" "$nginx_dir"
}

# The tree of nginx-dev: headers, ./configure and the flags to give it.
nginx_source() {
    local flags
    flags=$(dpkg-query -L nginx-dev | grep '/conf_flags$')
    printf '%s\n' "${NGX_SRC:-${flags%/conf_flags}}"
}

# The value of an option of nginx's build, without what holds only on the
# machine that built it.
nginx_option() {
    nginx -V 2>&1 | sed -n "s/.*--$1='\([^']*\)'.*/\1/p" |
        sed 's/-f[a-z]*-prefix-map=[^ ]*//g'
}

# nginx refuses a module that was built for another version.
check_version() {
    local tree installed
    tree=$(sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' \
        "$1/src/core/nginx.h")
    installed=$(nginx -v 2>&1 | sed -n 's|.*: [^/]*/\([^ ]*\).*|\1|p')
    [[ $tree == "$installed" ]] ||
        die "$1 is for nginx $tree, but nginx $installed is installed:
install the nginx-dev of exactly that version, or set NGX_SRC to its sources"
}

# nginx has to be configured anew when any of this changes.
configure_key() {
    echo "$options"
    nginx -V 2>&1
    dpkg-query -W "${build_packages[@]}"
    cksum src/module/build.sh config config.make debian/changelog \
        "$1/conf_flags"
    printf '%s\n' "$1" "${CC-}" "${CFLAGS-}"
    find src -path src/debug -prune -o -name '*.[ch]pp' -print | sort
}

configure() {
    local src key
    src=$(nginx_source)
    [[ -x $src/configure && -f $src/conf_flags ]] ||
        die "$src does not contain the sources of nginx-dev"
    check_version "$src"
    key=$(configure_key "$src")
    [[ ! -f $out/configured || $key != "$(< "$out/configured")" ]] || return 0

    say "configuring for $(nginx -v 2>&1)"
    rm -rf "$out/nginx" "$out/configured"
    cp -R -- "$src" "$out/nginx"
    local NGX_CONF_FLAGS=()
    # shellcheck source=/dev/null
    . "$out/nginx/conf_flags"
    # The module's path is relative because nginx's scripts split it at
    # spaces.
    followed "$out/configure.log" '' env -C "$out/nginx" \
        SSL_SESSION_CACHE_OPTIONS="$options" ./configure \
        "${NGX_CONF_FLAGS[@]}" \
        --with-cc-opt="$(nginx_option with-cc-opt)" \
        --with-ld-opt="$(nginx_option with-ld-opt)" \
        --add-dynamic-module="$(realpath --relative-to="$out/nginx" .)"
    printf '%s\n' "$key" > "$out/configured"
}

compile() {
    say "compiling"
    # nginx-dev has no top Makefile.
    followed "$out/build.log" 's|.*-o objs/addon/\([^ ]*\)\.o.*|    \1|p' \
        make --no-print-directory -C "$out/nginx" -f objs/Makefile \
        -j"$(nproc)" modules
    local module
    for module in "${modules[@]}"; do
        cmp -s "$out/nginx/objs/$module" "$out/$module" && continue
        # Renamed into place: a running nginx may have the old one mapped.
        cp "$out/nginx/objs/$module" "$out/$module.new"
        mv "$out/$module.new" "$out/$module"
    done
}
