# shellcheck shell=bash
# Sourced by the scripts here and by those of patches.

# Where this machine has the distribution's packages from; of security updates
# too, if SUITE is "...-security".
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

# The archives of a suite, as sources.list(5) has them after the type. Unstable
# has no security updates of its own.
archives() {
    local name uri
    for name in "$1" "$1-security"; do
        uri=$(mirror "$name")
        [[ -z $uri || $name == sid-security ]] || echo "$uri $name main"
    done
}
