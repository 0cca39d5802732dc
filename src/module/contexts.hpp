/*
 * The session ID contexts of a configuration's servers: which sessions may be
 * resumed where.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Sets those of the servers that use the store. Up to nginx 1.29.1 OpenSSL
 * compares a session's before SNI chooses the server, so they cover all
 * servers of an address, and handshakes get them when they begin
 * (begin_handshake()); a renewed certificate of one that is not the default
 * loses nobody's session, unless the default has none. Later on each
 * server has its own, in its SSL_CTX. Throws std::bad_alloc.
 */
void set_contexts(const Configuration& configuration);

}  // namespace session_cache
