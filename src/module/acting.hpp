/*
 * Which server's directive acts for a handshake.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/* Notes whose an SSL_CTX is. Returns NGX_ERROR, logged, when OpenSSL refuses.
 */
ngx_int_t note_server(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/* The server of an SSL_CTX, or null: it was not noted. */
ServerConf* server_of(const SSL_CTX* ctx) noexcept;

ngx_connection_t* connection_of(const SSL* ssl) noexcept;

/*
 * The server that the handshake began with. OpenSSL keeps to the callbacks of
 * its SSL_CTX, and nginx to its local cache, whatever SNI says.
 */
ServerConf* first_of(const SSL* ssl) noexcept;

/* The server whose directive acts, or null: none of those that were noted. */
ServerConf* acting_of(const SSL* ssl) noexcept;

}  // namespace session_cache
