# Sourced by nginx's auto/make: appends to its Makefile what concerns our
# objects alone, because --with-cc-opt would reach nginx's C sources too.

for ngx_src in $SSL_SESSION_CACHE_SRCS
do
    ngx_obj=`basename \`dirname $ngx_src\``/`basename $ngx_src .cpp`
    cat << END                                                >> $NGX_MAKEFILE
$NGX_OBJS/addon/$ngx_obj.o:	CFLAGS += $SSL_SESSION_CACHE_CFLAGS
END
done
