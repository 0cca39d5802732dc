# shellcheck shell=bash
# Sourced: the sources of the distribution's nginx.

# nginx_tree DIR: unpacks them into DIR, if they are not there yet, with the
# distribution's patches, and prints the path of the tree. The machine's own
# apt is left as it is.
nginx_tree() {
    local dir=$PWD/$1 version
    if ! compgen -G "$dir/nginx-*/configure" > /dev/null; then
        rm -rf "$dir"
        mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
        source_archives > "$dir/sources.list"
        source_apt "$dir" apt-get -q update >&2
        # Of a version that was replaced a mirror may have lost the sources.
        for version in $(source_versions "$dir"); do
            (cd "$dir" && source_apt "$dir" apt-get -q source \
                "nginx=$version") >&2 && break
        done
    fi
    compgen -G "$dir/nginx-*/configure" > /dev/null ||
        die "no sources of nginx are to be had"
    dirname "$dir"/nginx-*/configure
}

# source_apt DIR COMMAND...: with the sources in DIR and none else.
source_apt() {
    local dir=$1 command=$2
    shift 2
    "$command" -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$dir/lists" \
        -o Dir::Cache="$dir/cache" -o APT::Sandbox::User="$(id -un)" \
        -o Acquire::Check-Valid-Until=false "$@"
}

source_archives() {
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg option=
    [[ ! -f $keys ]] || option="[signed-by=$keys] "
    archives | sed "s|^|deb-src $option|"
}

# The newest first.
source_versions() {
    source_apt "$1" apt-cache --only-source showsrc nginx |
        sed -n 's/^Version: //p' | sort -rVu
}
