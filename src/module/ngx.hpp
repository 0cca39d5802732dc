/*
 * nginx's headers in one place, and names for what differs between its
 * versions. The headers of http, stream and mail are in their own folders.
 */

#pragma once

extern "C" {
#include <ngx_config.h>

#include <ngx_core.h>
#include <ngx_event.h>
}

#include <span>
#include <string_view>

/*
 * From 1.29.2 on, SNI chooses the server before OpenSSL looks for a session.
 * Before, the listen socket's default server decides.
 */
#define NGX_HAVE_SNI_BEFORE_SESSION (nginx_version >= 1029002)

/* With the patch in patches/, nginx lets QUIC handshakes wait. */
#if (NGX_QUIC && NGX_QUIC_SUSPEND)
#define NGX_HAVE_QUIC_SUSPEND 1
#else
#define NGX_HAVE_QUIC_SUSPEND 0
#endif

namespace session_cache {

/* The elements of nginx's arrays. */
template <typename T>
std::span<T> elements(const ngx_array_t& array) {
    return {static_cast<T*>(array.elts), array.nelts};
}

inline std::string_view view(const ngx_str_t& string) {
    return {reinterpret_cast<const char*>(string.data), string.len};
}

inline ngx_str_t str(std::string_view string) {
    return {string.size(),
            reinterpret_cast<u_char*>(const_cast<char*>(string.data()))};
}

}  // namespace session_cache
