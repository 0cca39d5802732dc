/*
 * Which server's directive acts for a handshake.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/* Notes to which server an SSL_CTX belongs. Returns NGX_ERROR, logged, if
 * OpenSSL refuses. */
ngx_int_t note_server(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/* The server of an SSL_CTX, or null if it was not noted. */
ServerConf* server_of(const SSL_CTX* ctx) noexcept;

ngx_connection_t* connection_of(const SSL* ssl) noexcept;

/*
 * The server with which the handshake began. OpenSSL keeps to the callbacks of
 * its SSL_CTX, and nginx to its local cache, whatever SNI says.
 */
ServerConf* first_of(const SSL* ssl) noexcept;

/* The server whose directive acts, or null if it is none of those that were
 * noted. */
ServerConf* acting_of(const SSL* ssl) noexcept;

}  // namespace session_cache
