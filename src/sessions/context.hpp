/*
 * The session ID context: to which servers a session belongs
 * (SSL_CTX_set_session_id_context(3)). nginx makes it from the certificates and
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

/* The context of an SSL_CTX. Throws std::bad_alloc if it cannot be found
 * out. */
Context context_of(SSL_CTX* ctx);

/*
 * How a server verifies clients' certificates: `settings` and, unless `ctx` is
 * null, the SSL_CTX's verify mode and depth and its trusted certificates and
 * CRLs. The same on every node where all these are the same. The server's own
 * certificate is not one of them. Throws as context_of().
 */
Digest verification_of(SSL_CTX* ctx, std::span<const long> settings);

/* The servers that a handshake may end up with. */
struct Company {
    std::set<Digest> verifications{}; /* of servers that verify clients */
    std::set<Context> contexts{};     /* of servers that have to be the same */

    void merge(Company&& other) {
        verifications.merge(other.verifications);
        contexts.merge(other.contexts);
    }
};

/*
 * The context of handshakes that begin with a server whose context is `own`. It
 * depends on the verifications because a resumption does not verify clients
 * again. It differs from `own` even if the company is empty, so OpenSSL leaves
 * it alone when SNI chooses another SSL_CTX. Throws as context_of().
 */
Context joint_context(const Context& own, const Company& company);

}  // namespace session_cache
