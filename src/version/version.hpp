/*
 * Which release this is. The build takes it from debian/changelog, and defines
 * SSL_SESSION_CACHE_VERSION for the few files that include this.
 */

#pragma once

#ifndef SSL_SESSION_CACHE_VERSION
#define SSL_SESSION_CACHE_VERSION unknown
#endif

namespace session_cache {

#define SSL_SESSION_CACHE_TEXT_OF(name) #name
#define SSL_SESSION_CACHE_TEXT(name) SSL_SESSION_CACHE_TEXT_OF(name)

/* As logs, the status and strings(1) show it. */
inline constexpr char version_name[] =
    "ngx_ssl_session_cache/" SSL_SESSION_CACHE_TEXT(SSL_SESSION_CACHE_VERSION);

#undef SSL_SESSION_CACHE_TEXT
#undef SSL_SESSION_CACHE_TEXT_OF

}  // namespace session_cache
