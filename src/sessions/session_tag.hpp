/*
 * Session IDs that show who made them. In TLS 1.2, a client that knows TLS 1.3
 * offers an ID even if it has no session (RFC 8446, 4.1.2 and D.4). IDs of this
 * fleet are recognized without asking the store.
 */

#pragma once

#include "sessions/sealing_key.hpp"

#include <span>

namespace session_cache {

/*
 * Replaces the last four bytes of a random ID with a keyed hash of the others.
 * An ID of less than 16 bytes stays as it is. Throws std::bad_alloc, also if
 * OpenSSL fails.
 */
void tag_session_id(const SealingKey& key, std::span<unsigned char> id);

/* Whether it was tagged with one of the keys (once in 2^32 this is wrong).
 * Throws as above. */
bool is_tagged(std::span<const SealingKey> keys, Bytes id);

}  // namespace session_cache
