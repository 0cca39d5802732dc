/*
 * OpenSSL's session callbacks: nginx's own shared memory cache first, where
 * there is one, then the store.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/* Notes whose an SSL_CTX is. Returns NGX_ERROR, logged, when OpenSSL refuses.
 */
ngx_int_t know_server(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/* The server whose directive acts for a handshake; null: none of those that
 * are known. */
const ServerConf* acting_of(SSL* ssl) noexcept;

/*
 * Sets the callbacks of a server's SSL_CTX, which nginx has set up already,
 * and chains those that it had: a handshake may begin there and be another
 * server's, by SNI. Returns NGX_ERROR, logged, when OpenSSL refuses. May throw
 * std::bad_alloc.
 */
ngx_int_t chain(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/*
 * The same for a server that uses the store itself, and so decides on tickets
 * (conf.stateful_tickets).
 */
ngx_int_t attach(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx);

/*
 * To be called when a handshake begins, before OpenSSL has read anything: what
 * is decided for the connection, not for an SSL_CTX that SNI may replace.
 */
void begin_handshake(SSL* ssl) noexcept;

/*
 * To be called in the course of a handshake, after SNI: nginx sets the options
 * of the server that this chose, but whether there are stateless tickets
 * (RFC 5077, RFC 8446 4.6.1) is up to the server whose callbacks act.
 */
void keep_tickets_stateful(SSL* ssl) noexcept;

/* Whether the server whose directive acts for this handshake uses the store. */
bool uses_store(SSL* ssl) noexcept;

}  // namespace session_cache
