# shellcheck shell=bash
# Sourced by the scripts here and in patches.

# The mirror of this machine's packages, or of its security updates if SUITE is
# "...-security".
mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
        'Origin: Debian' 'Created-By: Packages' |
        if [[ $1 == *-security ]]; then
            sed -n 's/^[^ ]*-security //p'
        else
            sed -n '/^[^ ]*-/!s/^[^ ]* //p'
        fi | head -n 1
}

# The archives of a suite, as in sources.list(5) after the type. Unstable has no
# security updates of its own.
archives() {
    local name uri
    for name in "$1" "$1-security"; do
        uri=$(mirror "$name")
        [[ -z $uri || $name == sid-security ]] || echo "$uri $name main"
    done
}
