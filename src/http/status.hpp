/*
 * The remote_ssl_session_cache_status directive: a location that serves the
 * figures of all workers as JSON, in the Prometheus text format, or as a page
 * for a browser.
 */

#pragma once

#include "http/ngx.hpp"

namespace session_cache::http {

/* nginx's hook; see ngx_command_t. */
char* read_status_directive(ngx_conf_t* cf, ngx_command_t* cmd,
                            void* conf) noexcept;

}  // namespace session_cache::http
