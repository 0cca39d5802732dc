# shellcheck shell=bash
# Sourced by build.sh, by the scripts of t/distros and by those of patches: how
# they say what they do, and where the output of what they run goes.

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# logged LOG COMMAND...: runs it with its output in LOG. Shows the end of that
# and fails when the command fails.
logged() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" > "$log" 2>&1; then
        tail -n 30 "$log" >&2
        echo "that failed; the whole output is in $log" >&2
        return 1
    fi
}

# followed LOG SCRIPT COMMAND...: the same, but shows of the output at once what
# the sed script prints, and ends everything when the command fails.
followed() {
    local log=$1 script=$2
    shift 2
    if ! "$@" 2>&1 | tee "$log" | sed -nu "$script"; then
        tail -n 30 "$log" >&2
        die "that failed; the whole output is in $PWD/$log"
    fi
}
