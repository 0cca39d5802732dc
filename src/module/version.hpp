/*
 * The module's version, in a file of its own, so that a new version compiles
 * only this.
 */

#pragma once

namespace session_cache {

/* "ngx_ssl_session_cache/0.1.0" */
extern const char* const module_version;

}  // namespace session_cache
