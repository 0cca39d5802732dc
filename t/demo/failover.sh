# shellcheck shell=bash
# Sourced by stores that survive the loss of a master. One is killed, and
# sessions of node A are presented to node B before, during and after that.
#
# The store defines masters (their ports, of which the first is killed) and
#   master_pid       the process of the first master
#   replicated       whether its replica has all of its data
#   is_missed        whether the others have noticed that it is gone
#   fail_over        lets them replace it; until then they wait, so that the
#                    output does not depend on their speed
#   has_failed_over  whether they have replaced it

protocols=(TLSv1.2 TLSv1.3)
known_hits=()
all_is_well="no handshake failed, and the killed master's sessions resume again"

show_store() {
    make_sessions
    printf '\nsessions of node A at node B, by the master that has them:\n\n'
    printf '%-14s  %-8s' '' protocol
    printf '  %-12s' "${masters[0]} *" "${masters[@]:1}"
    printf '\n'
    show_sessions before resumed
    eventually replicated || die "the replica lags behind"
    kill_server "$master_pid"
    eventually is_missed || die "the others do not miss the master"
    show_sessions "* is killed" full
    await_successor
    show_sessions "* is replaced" resumed
    printf '\n'
    say "a replica took the master's place after $servers_took ms," \
        "and node B resumed its sessions $node_took ms later"
}

# Makes sessions until each master has some of each protocol.
make_sessions() {
    local protocol tries
    mkdir "$work/sessions"
    for protocol in "${protocols[@]}"; do
        for ((tries = 0; tries < 200; ++tries)); do
            ! each_master_has_some "$protocol" || break
            make_session "$protocol" "$tries"
        done
    done
}

each_master_has_some() {
    local port
    for port in "${masters[@]}"; do
        [[ -e $(sessions_of "$1" "$port" | sed -n 2p) ]] || return 1
    done
}

# sessions_of PROTOCOL PORT: prints their files.
sessions_of() {
    find "$work/sessions" -name "$1.$2.*"
}

# make_session PROTOCOL NUMBER. A client does not see when its session is in the
# store, so this waits until it resumes.
make_session() {
    local file=$work/new.pem
    handshake A "$1" -o "$file" > /dev/null
    if ! eventually resumes "$1" "$file"; then
        show_logs
        die "a session does not resume: $1"
    fi
    find_finder
    mv "$file" "$work/sessions/$1.$finder.$2"
}

# Sets finder to the master that had the last session that was looked up.
find_finder() {
    local port
    for port in "${masters[@]}"; do
        [[ $(redis "$port" info stats) =~ keyspace_hits:([0-9]+) ]] ||
            die "the Redis at $port does not answer"
        ((BASH_REMATCH[1] == ${known_hits[port]-0})) || finder=$port
        known_hits[port]=${BASH_REMATCH[1]}
    done
}

# resumes PROTOCOL FILE
resumes() {
    [[ $(handshake B "$1" -i "$2") == *" resumed "* ]]
}

# show_sessions WHEN KIND: presents all sessions. KIND is the expected handshake
# for those of the first master. The others must resume.
show_sessions() {
    local when=$1 kind protocol port came_to
    for protocol in "${protocols[@]}"; do
        printf '%-14s  %-8s' "$when" "$protocol"
        kind=$2
        for port in "${masters[@]}"; do
            came_to=$(present_sessions "$protocol" "$port")
            printf '  %-12s' "$came_to"
            [[ $came_to =~ ^[0-9]+" $kind"$ ]] ||
                complain "$1, $protocol, sessions of $port: $came_to"
            kind=resumed
        done
        printf '\n'
        when=
    done
}

# "3 resumed", or "2 full, 1 resumed".
present_sessions() {
    local file
    for file in $(sessions_of "$1" "$2"); do
        handshake B "$1" -i "$file"
    done | awk '{ ++n[$2] } END {
        for (kind in n) printf "%s%d %s", i++ ? ", " : "", n[kind], kind }'
}

await_successor() {
    local patience=30 start=${EPOCHREALTIME/[.,]/} elected
    fail_over
    eventually has_failed_over || die "no replica replaces the master"
    elected=${EPOCHREALTIME/[.,]/}
    eventually is_found || die "node B does not find the new master"
    servers_took=$(((elected - start) / 1000))
    node_took=$(((${EPOCHREALTIME/[.,]/} - elected) / 1000))
}

is_found() {
    resumes "${protocols[0]}" \
        "$(sessions_of "${protocols[0]}" "${masters[0]}" | sed -n 1p)"
}
