/*
 * OpenSSL's callbacks for stateless tickets (RFC 5077; RFC 8446, 4.6.1), with
 * keys that a fleet shares. Each connection gets a ticket if there is a key for
 * it, or else a session in the store. The length shows which kind a client
 * offers, so both are found.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Sets them in the SSL_CTX of a server whose tickets `act`. Another module's
 * callbacks are replaced, because OpenSSL does not return them.
 */
void set_ticket_callbacks(SSL_CTX* ctx) noexcept;

/*
 * Call this during a handshake. When OpenSSL has just begun to read the
 * ClientHello, it waits for a worker's first key. Later it undoes what nginx
 * sets for the server that SNI chose.
 */
void keep_tickets_acting(SSL* ssl) noexcept;

/* Whether the session ID that a client offers may be in the store. If tickets
 * are shared, IDs that the fleet has made are recognized. May throw
 * std::bad_alloc. */
bool may_be_stored(SSL* ssl, SessionId id);

}  // namespace session_cache
