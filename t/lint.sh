# shellcheck shell=bash
# Sourced by build.sh: the verb lint.

cmd_lint() {
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${debug_packages[@]}" "${mutants_packages[@]}" "${lint_packages[@]}"
    mkdir -p "$out"
    ( flock 9; configure ) 9> "$out/.lock"
    say "clang-format"
    find src t -name '*.[ch]pp' -print0 |
        xargs -0r clang-format --dry-run -Werror
    say "shellcheck"
    # The files that a script sources are checked with it.
    find build.sh .ci t patches -type f -perm -u+x -print0 |
        xargs -0r shellcheck -x -a -P SCRIPTDIR
    say "clang-tidy"
    tidy
}

# The module's sources and the tests, all with the same flags.
tidy() {
    local flags=(-std=c++20 -Isrc -It -isystem "$out/nginx/objs"
        -isystem "$(llvm_prefix)/include") dir
    for dir in core event event/modules os/unix http http/modules http/v2 \
        stream mail; do
        flags+=(-isystem "$out/nginx/src/$dir")
    done
    find src t -name '*.cpp' -print0 |
        xargs -0r -P "$(nproc)" -I{} clang-tidy --quiet {} -- "${flags[@]}" \
            2> /dev/null
}
