# shellcheck shell=bash
# Sourced by build.sh and the scripts of t/distros and patches: functions for
# messages, and for the output of commands.

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# logged LOG COMMAND...: runs COMMAND with its output in LOG. If it fails, shows
# the end of LOG and fails.
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

# followed LOG SCRIPT COMMAND...: the same, but prints the output of the sed
# SCRIPT at once, and ends everything if COMMAND fails.
followed() {
    local log=$1 script=$2
    shift 2
    if ! "$@" 2>&1 | tee "$log" | sed -nu "$script"; then
        tail -n 30 "$log" >&2
        die "that failed; the whole output is in $PWD/$log"
    fi
}
