/*
 * A session in the store: its key, its bytes, and whether a value that comes
 * back may be believed.
 */

#pragma once

#include "sessions/openssl.hpp"
#include "sessions/refusal.hpp"
#include "sessions/sealing_key.hpp"
#include "sessions/secret.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace session_cache {

using Session = Owned<SSL_SESSION, SSL_SESSION_free>;

using SessionId = Bytes;

inline SessionId session_id(const SSL_SESSION* session) noexcept {
    unsigned int length = 0;
    const unsigned char* id = SSL_SESSION_get_id(session, &length);
    return {id, length};
}

/* How long sessions live that were made under an SSL_CTX. */
inline std::chrono::seconds session_timeout(const SSL_CTX* ctx) noexcept {
    return std::chrono::seconds(SSL_CTX_get_timeout(ctx));
}

/* `prefix`, then the session ID in lower-case hexadecimal. */
std::string name_of(std::string_view prefix, SessionId id);

/* The same with the keyed hash that replaces the ID if values are sealed. */
std::string name_of(std::string_view prefix, SessionId id,
                    const SealingKey& key);

/* The longest session that is stored, in bytes of DER. */
inline constexpr std::size_t max_session = 64 * 1024;

/*
 * The end of a value that is not sealed: FNV-1a of everything before it, the
 * lowest byte first. With a session that the store has damaged, handshakes
 * would fail. It does not help against forgery.
 */
using Checksum = std::array<char, 8>;
Checksum checksum(std::string_view bytes) noexcept;

/*
 * Writes the session's DER (i2d_SSL_SESSION(3)) to `out`, sealed with the first
 * of `keys`, or between a format byte and the checksum if there are none.
 * Returns false, with `out` empty, if the session is longer than max_session or
 * OpenSSL cannot encode it. Throws std::bad_alloc.
 */
bool encode(const SSL_SESSION* session, const SealingKeys& keys,
            SecretBytes& out);

/* What a stored session must be to answer a client. */
struct Expected {
    SessionId id;
    Bytes context;                /* of the server that is asked */
    int protocol;                 /* as SSL_version(3) */
    std::chrono::seconds timeout; /* of the server that is asked */
    std::time_t now;
};

/*
 * Why a session of another node, or an old one, is not one for this client, or
 * none. Does not check the ID. The shorter of the two timeouts becomes the
 * session's, so that it also expires in time in the local cache and when
 * resumed.
 */
Refusal judge(SSL_SESSION* session, const Expected& expected);

struct Decoded {
    Session session;
    Refusal refusal = Refusal::none; /* why there is no session */
};

/*
 * Reads what encode() wrote and checks it, with judge() last. OpenSSL does not
 * compare the session ID with the one that was asked for, nor the lifetime with
 * the timeout of a server that did not make the session. With `keys`, a value
 * that is not sealed with one of them is not a session. Without, a sealed value
 * is not one. Throws std::bad_alloc.
 */
Decoded decode(std::string_view value, const SealingKeys& keys,
               const Expected& expected);

/*
 * How long a session that a server with `timeout` made or resumed has left at
 * `now`, at most `timeout`. Zero or less: it has expired.
 */
std::chrono::seconds time_left(const SSL_SESSION* session,
                               std::chrono::seconds timeout, std::time_t now);

}  // namespace session_cache
