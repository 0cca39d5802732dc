# shellcheck shell=bash
# Sourced by demo.sh: servers that are started, awaited and ended.

# Polls: neither Redis nor nginx nor the store announces what it has done.
# eventually COMMAND...: whether it succeeds within patience, ten seconds.
eventually() {
    local deadline=$((SECONDS + ${patience:-10}))
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.02
    done
}

# Below the ephemeral ports, which any program's connections may take.
free_port() {
    local candidate
    while :; do
        candidate=$((10000 + RANDOM % 20000))
        (: <> "/dev/tcp/127.0.0.1/$candidate") 2> /dev/null || break
    done
    echo "$candidate"
}

# Ends the servers, which are this shell's only jobs.
finish() {
    local servers
    mapfile -t servers <<< "$(jobs -p)"
    kill "${servers[@]}" 2> /dev/null || true
    wait
    rm -rf "$work"
}

# Kills a server on the spot. The shell is not to tell of its end.
kill_server() {
    { kill -9 "$1" && wait "$1"; } 2> /dev/null || true
}

# numbers SEPARATOR NAME...: those that follow the names.
numbers() {
    local separator=$1
    shift
    awk -F "$separator" -v names="$*" '
        { value[$(NF - 1)] = $NF }
        END {
            n = split(names, name, " ")
            for (i = 1; i <= n; ++i)
                printf "%d%s", value[name[i]], i < n ? " " : "\n"
        }'
}
