/*
 * nginx's headers for stream, and names for what differs between its versions.
 */

#pragma once

#include "module/ngx.hpp"

extern "C" {
#include <ngx_stream.h>

extern ngx_module_t ngx_stream_ssl_session_cache_module;
}

/*
 * From 1.25.5 on, an address may have several servers, chosen by SNI, and the
 * structures are like http's.
 */
#define NGX_HAVE_STREAM_SNI (nginx_version >= 1025005)

namespace session_cache::stream {

#if (NGX_HAVE_STREAM_SNI)
using SslConf = ngx_stream_ssl_srv_conf_t;
using Listen = ngx_stream_listen_opt_t;
#else
using SslConf = ngx_stream_ssl_conf_t;
using Listen = ngx_stream_listen_t;
#endif

}  // namespace session_cache::stream
