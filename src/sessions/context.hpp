/*
 * The session ID context: to which servers a session belongs
 * (SSL_CTX_set_session_id_context(3)). nginx makes it of the certificates and
 * the names of the client CAs.
 */

#pragma once

#include "sessions/openssl.hpp"

#include <array>
#include <openssl/ssl.h>
#include <set>
#include <vector>

namespace session_cache {

using Context = std::vector<unsigned char>;
using Digest = std::array<unsigned char, 32>; /* SHA-256 */

/* That of an SSL_CTX. Throws std::bad_alloc when it cannot be found out. */
Context context_of(SSL_CTX* ctx);

/*
 * How a server verifies clients' certificates: `settings` and, where it has an
 * SSL_CTX, the verify mode and depth of that, and its trusted certificates and
 * CRLs. The same on every node that has the same of all these; its own
 * certificate is none of them. `ctx` may be null. Throws as context_of().
 */
Digest verification_of(SSL_CTX* ctx, std::span<const long> settings);

/* What the servers are that a handshake may end up with. */
struct Company {
    std::set<Digest> verifications{}; /* of those that verify clients */
    std::set<Context> contexts{};     /* of those that have to be the same */

    void merge(Company&& other) {
        verifications.merge(other.verifications);
        contexts.merge(other.contexts);
    }
};

/*
 * The context of handshakes that begin with a server of the context `own`, for
 * a resumption does not verify clients again. It differs from `own` also where
 * there is nothing in the company, so OpenSSL leaves it alone when SNI chooses
 * another SSL_CTX. Throws as context_of().
 */
Context joint_context(const Context& own, const Company& company);

}  // namespace session_cache
