/*
 * What a client's first flight is known by in a fleet, so that its early data
 * is accepted once (RFC 8446, 8.2).
 */

#pragma once

#include "sessions/openssl.hpp"

#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace session_cache {

/*
 * The name in the store of the flight that `ssl`, a server's, is answering:
 * `prefix`, "early:", and in hexadecimal SHA-256 of the ClientHello's random
 * and of the session's context, which is that of every server where the same
 * flight could be accepted. No key is in it: one that is replaced would make a
 * second name. Whoever changes the random spoils the PSK's binder. Throws
 * std::bad_alloc.
 */
std::string claim_name(std::string_view prefix, const SSL* ssl);

}  // namespace session_cache
