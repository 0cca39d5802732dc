/*
 * The module's version: a file of its own, for a new one is compiled alone.
 */

#pragma once

namespace session_cache {

/* "ngx_ssl_session_cache/0.1.0" */
extern const char* const module_version;

}  // namespace session_cache
