/*
 * Names a client's first flight in a fleet, so that its early data is accepted
 * once (RFC 8446, 8.2).
 */

#pragma once

#include "sessions/openssl.hpp"

#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace session_cache {

/*
 * The name in the store of the flight that `ssl`, a server's, is answering:
 * `prefix`, "early:", and in hexadecimal the SHA-256 of the ClientHello's
 * random and of the session's context. All servers that could accept the same
 * flight have this context. No key is part of the name, because a replaced key
 * would make a second name. A changed random spoils the PSK's binder. Throws
 * std::bad_alloc.
 */
std::string claim_name(std::string_view prefix, const SSL* ssl);

/* Why early data is refused if its flight has a claim already. The module's
 * debug line has these words, and the debug program looks for them. */
inline constexpr const char* claimed_before = "it has been seen before";

}  // namespace session_cache
