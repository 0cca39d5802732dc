# Sourced by nginx's auto/make. Appends to its Makefile what concerns only our
# objects, because --with-cc-opt would also affect nginx's C sources.

# Some of the distribution's options are only for C. A C++ compiler warns about
# them, and nginx has -Werror.
ssl_session_cache_c_only="-Werror=implicit-function-declaration
    -Werror=implicit-int -Werror=int-conversion
    -Werror=incompatible-pointer-types"

for ngx_src in $SSL_SESSION_CACHE_SRCS
do
    ngx_obj=`basename \`dirname $ngx_src\``/`basename $ngx_src .cpp`
    cat << END                                                >> $NGX_MAKEFILE
$NGX_OBJS/addon/$ngx_obj.o:	CFLAGS := \$(filter-out \
	`echo $ssl_session_cache_c_only`,\$(CFLAGS)) $SSL_SESSION_CACHE_CFLAGS
END
done

cat << END                                                    >> $NGX_MAKEFILE
$NGX_OBJS/addon/module/version.o:	CFLAGS += \
	-DSSL_SESSION_CACHE_VERSION=$SSL_SESSION_CACHE_VERSION
END

# The version of the symbols that the modules share is a checksum of exactly
# these objects, so that modules of different builds share nothing.
if test -n "$SSL_SESSION_CACHE_MODULES"; then
    ssl_session_cache_objs=
    for ngx_src in $SSL_SESSION_CACHE_CORE
    do
        ngx_obj=`basename \`dirname $ngx_src\``/`basename $ngx_src .cpp`
        ssl_session_cache_objs="$ssl_session_cache_objs \
	$NGX_OBJS/addon/$ngx_obj.o"
    done

    cat << END                                                >> $NGX_MAKEFILE

$NGX_OBJS/ssl_session_cache.map: $ssl_session_cache_objs
	sum=\`cat $ssl_session_cache_objs | cksum | tr ' ' _\` && printf \
	'SSL_SESSION_CACHE_%s { global: %s local: *; };\n' "\$\$sum" \
	'ngx_module*; _Z*13session_cache*; _Z*4coro*; _Z*8backends*;' > \$@

END

    for ngx_module in $SSL_SESSION_CACHE_MODULES
    do
        echo "$NGX_OBJS/$ngx_module.so: $NGX_OBJS/ssl_session_cache.map" \
                                                              >> $NGX_MAKEFILE
    done
fi
