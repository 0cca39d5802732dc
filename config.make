# Sourced by nginx's auto/make: appends to its Makefile what concerns our
# objects alone, because --with-cc-opt would reach nginx's C sources too.

# Of the distribution's options some are for C alone, which a C++ compiler
# warns of, and nginx has -Werror.
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
