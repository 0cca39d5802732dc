# shellcheck shell=bash disable=SC2154 # sourced by build.sh
# The verb mutants.

help_mutants() {
    cat << END
Usage: ./build.sh mutants [SECONDS]

Shows how much of the code the tests see. It changes one operator, condition or
call of src/coro, src/sessions, src/backends, src/status or src/debug at a time,
and runs the tests that should fail then.

It tries a sample of 300 mutants, which is always the same, or as many of them
as it can in SECONDS. It prints those that no test sees, and fails if these are
more than 5 %, apart from those that t/mutants/explained.tsv explains.
build/mutants has the sample (sample.tsv) and what became of each mutant
(results.tsv).

In the environment:

  SAMPLE=COUNT       another size of the sample
  SEED=NUMBER        another sample
  FILES=PATTERN      only files whose path has the pattern (src/debug/tell)
  JOBS=COUNT         how many to try at a time (6), as most tests wait
END
}

cmd_mutants() {
    local seconds=${1:-0}
    [[ $seconds =~ ^[0-9]+$ ]] || die "mutants: no number of seconds: $seconds"
    require "${build_packages[@]}" "${test_packages[@]}" \
        "${debug_packages[@]}" "${mutants_packages[@]}"
    cmd_build
    build_debug
    build_tests unit debug simulate
    rm -rf build/mutants
    mkdir -p build/mutants
    list_commands
    list_mutants
    try_mutants "$seconds"
    report_mutants
}

# How the makefiles compile each object and link each program, a line for each.
list_commands() {
    local joined=':a; /\\$/ { N; s/\\\n//; ba }'
    make -C t -n -B unit debug simulate BUILD=../build/t OPTIONS= |
        sed "$joined" > build/mutants/commands.t
    make -C src/debug -n -B BUILD=../../build/debug |
        sed "$joined" > build/mutants/commands.debug
}

# Where libclang is, with its headers.
llvm_prefix() {
    local dir
    dir=$(clang -print-resource-dir)
    echo "${dir%/lib/clang/*}"
}

# Keys are hashes, so their order is chance, and always the same.
list_mutants() {
    local file all first
    make -C t/mutants -s LLVM="$(llvm_prefix)"
    for file in src/{coro,sessions,backends,status,debug}/{,*/}*.cpp; do
        if [[ -f $file && $file == *${FILES-}* && $file != */ngx_loop.cpp ]]
        then
            build/mutants/sites "$file" -std=c++20 -Isrc
        fi
    done | sort > build/mutants/all.tsv

    all=$(wc -l < build/mutants/all.tsv)
    ((all > 0)) || die "mutants: no file has this in its path: ${FILES-}"
    first=$((${SEED:-0} * 7919 % all))
    {
        tail -n "+$((first + 1))" build/mutants/all.tsv
        head -n "$first" build/mutants/all.tsv
    } | sed -n "1,${SAMPLE:-300}p" > build/mutants/sample.tsv
    say "trying $(wc -l < build/mutants/sample.tsv) of $all mutants"
}

# try_mutants SECONDS: 0 for as many as it takes.
try_mutants() {
    export MUTANTS_UNTIL=$(($1 ? $(date +%s) + $1 : 0))
    : > build/mutants/results.tsv
    tr '\n' '\0' < build/mutants/sample.tsv |
        xargs -0 -n 1 -P "${JOBS:-6}" t/mutants/try.sh
}

count_results() {
    grep -c $'\t'"$1" build/mutants/results.tsv || true
}

report_mutants() {
    local key file line change result found survive=0 explained=0 share
    while IFS=$'\t' read -r key file line change result; do
        [[ $result == survives ]] || continue
        if grep -q "^$key"$'\t' t/mutants/explained.tsv; then
            explained=$((explained + 1))
            continue
        fi
        survive=$((survive + 1))
        printf '    %s %s:%s: %s\n    %s\n' "$key" "$file" "$line" "$change" \
            "$(sed -n "${line}p" "$file")"
    done < build/mutants/results.tsv

    found=$(count_results 'found')
    share=$((found + survive ? found * 1000 / (found + survive) : 1000))
    say "$(wc -l < build/mutants/results.tsv) tried:" \
        "$(count_results 'same$') make no difference," \
        "$(count_results 'invalid$') do not compile"
    say "$found found, $survive survive, $explained explained:" \
        "$((share / 10)).$((share % 10)) % found"
    ((share >= 950))
}
