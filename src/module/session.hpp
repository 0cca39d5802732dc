/*
 * OpenSSL's session callbacks. They ask nginx's own shared memory cache first,
 * if there is one, and then the store.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Sets the callbacks of a server's SSL_CTX that nginx has already set up, and
 * chains those that it had: a handshake may begin there, and SNI may then
 * choose another server. Returns NGX_ERROR, logged, if OpenSSL refuses. May
 * throw std::bad_alloc.
 */
ngx_int_t chain(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/*
 * The same for a server that uses the store itself, and so decides on tickets
 * (conf.stateful_tickets).
 */
ngx_int_t attach(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/*
 * Call this when a handshake begins, before OpenSSL has read anything. It sets
 * what holds for the connection, whatever SSL_CTX SNI chooses.
 */
void begin_handshake(SSL* ssl) noexcept;

/*
 * Call this during a handshake, after SNI. nginx sets the options of the server
 * that SNI chose, but the server whose callbacks act decides whether there are
 * stateless tickets (RFC 5077, RFC 8446 4.6.1).
 */
void keep_tickets(SSL* ssl) noexcept;

/* Whether the server whose directive acts for this handshake uses the store. */
bool uses_store(SSL* ssl) noexcept;

}  // namespace session_cache
