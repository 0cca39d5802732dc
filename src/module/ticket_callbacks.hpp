/*
 * OpenSSL's callbacks for stateless tickets (RFC 5077; RFC 8446, 4.6.1), with
 * keys that a fleet shares. Which kind of session a client gets is decided for
 * each connection: a ticket where there is a key for it, or else one in the
 * store. Which it offers is told by its length, so both are found.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Sets them in the SSL_CTX of a server whose tickets `act`. Of those that
 * another module has set OpenSSL tells nobody: they are replaced.
 */
void set_ticket_callbacks(SSL_CTX* ctx) noexcept;

/*
 * To be called in the course of a handshake: when it has just begun to read the
 * ClientHello it waits for a worker's first key; later it undoes what nginx
 * sets for the server that SNI has chosen.
 */
void keep_tickets_acting(SSL* ssl) noexcept;

/* Whether a session ID that a client offers may be one of the store's: where
 * tickets are shared, sessions that the fleet has made are told by their IDs.
 * May throw std::bad_alloc. */
bool may_be_stored(SSL* ssl, SessionId id);

}  // namespace session_cache
