/*
 * The session ID contexts of a configuration's servers, which say which
 * sessions resume where.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Sets the contexts of the servers that use the store. Throws std::bad_alloc.
 *
 * Up to nginx 1.29.1, OpenSSL compares a session's context before SNI chooses
 * the server. So a context covers all servers of an address, and handshakes get
 * it when they begin (begin_handshake()). The renewed certificate of a server
 * that is not the default ends no sessions, unless the default server has no
 * certificate. From 1.29.2 on, each server has its own context, in its SSL_CTX.
 */
void set_contexts(const Configuration& configuration);

}  // namespace session_cache
