/*
 * $remote_ssl_session_cache_status and $remote_ssl_session_cache_time: what
 * the caches had for the handshake of a request's connection, and how long
 * it waited for the store.
 */

#pragma once

#include "module/ngx.hpp"

namespace session_cache {

/* To be called before the configuration is read. */
ngx_int_t add_variables(ngx_conf_t* cf) noexcept;

}  // namespace session_cache
