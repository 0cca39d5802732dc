# shellcheck shell=bash
# Sourced by build.sh: which of http, stream and mail the installed nginx has,
# and whether it loads the modules.

# Where the installed nginx has its modules. install puts ours there.
modules_path() {
    local dir
    dir=$(nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
    echo "${DESTDIR-}${dir:-/usr/lib/nginx/modules}"
}

# nginx's own module for stream or mail, if that is a file.
own_module() {
    ! nginx -V 2>&1 | grep -q -e "--with-$1=dynamic" ||
        echo "$(DESTDIR='' modules_path)/ngx_$1_module.so"
}

# Whether nginx has http, stream or mail itself, built in or as a file.
has_own() {
    local own
    own=$(own_module "$1")
    [[ -z $own || -f $own ]]
}

# Prints the lines of nginx.conf that load a module of ours and, before it,
# nginx's own for the same protocol, if that is a file. Fails if it is missing.
loads() {
    local own
    has_own "$1" || return
    own=$(own_module "$1")
    [[ -z $own ]] || echo "load_module \"$own\";"
    echo "load_module \"$PWD/$out/ngx_$1_ssl_session_cache_module.so\";"
}

# Lets the installed nginx load the modules, without touching its own files. The
# modules for stream and mail are loaded if nginx has these protocols.
check_loads() {
    local dir said status=0 path protocol protocols=
    dir=$(mktemp -d)
    {
        for protocol in http stream mail; do
            loads "$protocol" || continue
            protocols+=" $protocol"
        done
        echo "pid nginx.pid; error_log error.log; events {} http {"
        echo "access_log off;"
        for path in client_body proxy fastcgi uwsgi scgi; do
            echo "${path}_temp_path $path;"
        done
        echo "}"
    } > "$dir/nginx.conf"
    said=$(nginx -t -q -p "$dir" -c "$dir/nginx.conf" 2>&1) || status=$?
    rm -rf "$dir"
    ((status == 0)) || die "nginx does not load the modules:
$said"
    say "built the modules in $out; nginx loads those for$protocols"
}
