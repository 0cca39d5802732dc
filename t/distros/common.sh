# shellcheck shell=bash
# Sourced by the scripts here and by those of patches.

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Runs a command with its output in a log, the end of which is shown when the
# command fails.
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

# The archives that have nginx, "URI SUITE COMPONENT" a line, as this machine's
# apt has them.
archives() {
    apt-cache policy nginx | awk '$1 ~ /^[0-9]+$/ && $2 ~ /^http/ {
        sub("/", " ", $3); print $2, $3 }' | sort -u
}
