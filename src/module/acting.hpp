/*
 * Which server's directive acts for a handshake.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/* Notes the server in its SSL_CTX. False: OpenSSL refuses. */
bool note_server(SSL_CTX* ctx, ServerConf& conf) noexcept;

/* The server of an SSL_CTX, or null: it was not noted. */
ServerConf* server_of(const SSL_CTX* ctx) noexcept;

ngx_connection_t* connection_of(const SSL* ssl) noexcept;

/*
 * The server that the handshake began with. OpenSSL keeps to the callbacks of
 * its SSL_CTX, and nginx to its local cache, whatever SNI says.
 */
ServerConf* first_of(const SSL* ssl) noexcept;

/* The server whose directive acts. */
ServerConf* acting_of(const SSL* ssl) noexcept;

}  // namespace session_cache
