/*
 * Session IDs that tell whose they are. In TLS 1.2 a client that knows TLS 1.3
 * offers an ID even if it has no session (RFC 8446, 4.1.2 and D.4); one that
 * this fleet has made is told from that without asking the store.
 */

#pragma once

#include "sessions/sealing_key.hpp"

#include <span>

namespace session_cache {

/*
 * Replaces the last four bytes of an ID that is random with a keyed hash of the
 * others. One of less than 16 bytes stays as it is. Throws std::bad_alloc, also
 * when OpenSSL fails.
 */
void tag_session_id(const SealingKey& key, std::span<unsigned char> id);

/* Whether it was tagged with one of the keys, or once in 2^32 by chance. Throws
 * as above. */
bool is_tagged(std::span<const SealingKey> keys, Bytes id);

}  // namespace session_cache
