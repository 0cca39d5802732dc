/*
 * The session ID context: to which servers a session belongs
 * (SSL_CTX_set_session_id_context(3)). nginx makes it of the certificates and
 * the names of the client CAs.
 */

#pragma once

#include "sessions/openssl.hpp"

#include <openssl/ssl.h>
#include <vector>

namespace session_cache {

using Context = std::vector<unsigned char>;

/* That of an SSL_CTX. Throws std::bad_alloc when it cannot be found out. */
Context context_of(SSL_CTX* ctx);

/*
 * Makes it depend also on how clients' certificates are verified, for a
 * resumption does not verify them again: on `settings`, the verify mode and
 * depth, and the trusted certificates and CRLs of `ctx`. The same on every
 * node that has the same of all these. Throws as context_of().
 */
void narrow_context(SSL_CTX* ctx, std::span<const long> settings);

}  // namespace session_cache
