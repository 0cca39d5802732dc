# shellcheck shell=bash
# The debug command, which build.sh sources.

program=ngx-ssl-session-cache-debug

cmd_debug() {
    {
        require "${build_packages[@]}" "${debug_packages[@]}"
        build_debug
        # The demo runs its fleet, which needs the module.
        if [[ " $* " == *" --demo"* ]]; then
            require "${demo_packages[@]}"
            cmd_build
        fi
    } >&2
    exec "$out/$program" "$@"
}

# The program's own help, if it can be built without installing anything.
help_debug() {
    if [[ -z $(missing "${build_packages[@]}" "${debug_packages[@]}") ]]; then
        build_debug >&2
        exec "$out/$program" --help
    fi
    show_verb debug
}

# Builds the debug program, next to the module.
build_debug() {
    say "building the debug program"
    mkdir -p "$out"
    (
        flock 9
        followed "$out/debug.log" \
            's|.* -o \.\./\.\./build/\([^ ]*\)\.o.*|    \1|p' \
            make --no-print-directory -C src/debug -j"$(nproc)" \
            BUILD="../../$out/debug" OPTIONS="$options"
    ) 9> "$out/.lock"
}
