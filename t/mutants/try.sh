#!/bin/bash
# Tries one mutant: a line of build/mutants/sample.tsv. Runs in the repository.
# Appends what became of it to build/mutants/results.tsv:
#
#     found SUITE  a test fails, twice
#     survives     none does
#     same         the compiler makes the same code of it
#     invalid      it does not compile
set -u

IFS=$'\t' read -r key file line offset length replacement <<< "$1"
((MUTANTS_UNTIL == 0 || $(date +%s) < MUTANTS_UNTIL)) || exit 0

module=ngx_http_ssl_session_cache_module.so
results=build/mutants/results.tsv
lane=build/mutants/$key
mkdir -p "$lane"
trap 'rm -rf "$lane"' EXIT
ln -s "$PWD"/build/*.so "$lane"

finish() {
    local row
    row=$(printf '%s\t' "$key" "$file" "$line" "$replacement")
    flock build/mutants echo "$row$1" >> "$results"
    exit 0
}

mutate() {
    head -c "$offset" "$file"
    printf '%s' "$replacement"
    tail -c "+$((offset + length + 1))" "$file"
}

# The makefile that compiles it: the tests do not have the program's main().
case $file in
src/debug/main.cpp) rules=src/debug object=debug/main.o ;;
*) rules=t object=obj/${file%.cpp}.o ;;
esac

# make_in DIRECTORY TARGET NAME: as make does, but the mutant stands for its
# file, its object for the file's, and what is made goes into the lane. What a
# compiler only warns of is left to the tests.
make_in() {
    local up=../ command
    local made="(obj/src|build/debug)/${file#src/}"
    [[ $1 == t ]] || up=../../
    command=$(grep -E -- " -o [^ ]*/$2( |\$)" \
        "build/mutants/commands.${1##*/}" |
        sed -E "s, -MMD -MP,,; s, -Werror,,
            s, [^ ]*/${file#src/}\$, $up$lane/mutant.cpp,
            s, -o [^ ]*, -o $up$lane/$3,
            s, [^ ]*/${made%.cpp}.o, $up$lane/mutant.o,")
    [[ $command ]] && (cd "$1" && eval "$command") > "$lane/output" 2>&1
}

code() {
    objdump -dr --no-show-raw-insn "$1" | tail -n +4
    objdump -s -j .rodata "$1" 2> /dev/null | tail -n +4
}

test_suite() {
    local suite=$1
    shift
    NGX_SSL_SESSION_CACHE_MODULE=$PWD/$lane/$module \
        timeout --kill-after=5 900 "$lane/$suite" --abort-after=1 "$@" \
        > "$lane/output" 2>&1
}

# fails SUITE DOCTEST-ARGUMENT...: what fails has to fail again, because on a
# busy machine any test may fail once. Then all are tried once more.
fails() {
    local again
    for _ in 1 2; do
        test_suite "$@"
        case $? in
        0) return 1 ;;
        124 | 137) return 0 ;; # it has no end
        esac
        again=$(sed -n 's|^\([a-z_/]*_test\.cpp\):[0-9]*:.*|*\1|p' \
            "$lane/output" | sort -u | paste -sd,)
        test_suite "$1" ${again:+"-sf=$again"} || return 0
    done
    return 1
}

suites=unit
case $file in
src/debug/*) suites=debug ;;
src/coro/* | src/backends/*) suites="unit simulate" ;;
esac

mutate > "$lane/mutant.cpp"
make_in "$rules" "$object" mutant.o || finish invalid
original=build/$object
[[ $rules == src/debug ]] || original=build/t/$object
cmp -s <(code "$lane/mutant.o") <(code "$original") && finish same

for suite in $suites; do
    make_in t "build/t/$suite" "$suite" || finish invalid
done
if [[ $suites == debug ]]; then
    make_in src/debug ngx-ssl-session-cache-debug \
        ngx-ssl-session-cache-debug || finish invalid
fi

# The tests of its own file see most, or those of the program's whole output.
near=${file#src/}
fails "${suites%% *}" "-sf=*${near%.cpp}*,*whole_test*" &&
    finish "found ${suites%% *}"
for suite in $suites; do
    fails "$suite" && finish "found $suite"
done
finish survives
