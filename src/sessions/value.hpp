/*
 * A session as it stands in the store: under which key, in which bytes, and
 * whether what came back may be believed.
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

/* How long sessions live that are made under an SSL_CTX. */
inline std::chrono::seconds session_timeout(const SSL_CTX* ctx) noexcept {
    return std::chrono::seconds(SSL_CTX_get_timeout(ctx));
}

/* `prefix`, then the session ID in lower-case hexadecimal. */
std::string name_of(std::string_view prefix, SessionId id);

/* The same with the keyed hash that stands for it where values are sealed. */
std::string name_of(std::string_view prefix, SessionId id,
                    const SealingKey& key);

/* The longest session that is stored, in bytes of its DER. */
inline constexpr std::size_t max_session = 64 * 1024;

/*
 * What a value that is not sealed ends with: FNV-1a of all before it, the
 * lowest byte first. A store that has damaged a session would make
 * handshakes fail with it. No help against who means to forge one.
 */
using Checksum = std::array<char, 8>;
Checksum checksum(std::string_view bytes) noexcept;

/*
 * Writes the session's DER (i2d_SSL_SESSION(3)) to `out`, sealed with the
 * first of `keys`, or else between a format byte and the checksum. Returns
 * false, with `out` empty, when the session is longer than max_session or
 * OpenSSL cannot encode it. Throws std::bad_alloc.
 */
bool encode(const SSL_SESSION* session, const SealingKeys& keys,
            SecretBytes& out);

/* What a stored session has to be to answer a client. */
struct Expected {
    SessionId id;
    Bytes context;                /* of the server that is asked */
    int protocol;                 /* as SSL_version(3) */
    std::chrono::seconds timeout; /* of the server that is asked */
    std::time_t now;
};

/*
 * Why a session of another node's, or an old one, is none for who asks, or
 * none; the ID is not looked at. The shorter of the two timeouts becomes the
 * session's, so that it dies in time in the local cache and when resumed, too.
 */
Refusal judge(SSL_SESSION* session, const Expected& expected);

struct Decoded {
    Session session;
    Refusal refusal = Refusal::none; /* why there is none */
};

/*
 * Reads what encode() wrote and checks it: OpenSSL compares neither the
 * session ID with the one asked for, nor the lifetime with the timeout of a
 * server other than the one that made the session. What is left to say is
 * judge()'s. With `keys`, what is not sealed with one of them is no session;
 * without, what is sealed is none. Throws std::bad_alloc.
 */
Decoded decode(std::string_view value, const SealingKeys& keys,
               const Expected& expected);

/*
 * How long a session made by or resumed at a server with `timeout` has left
 * to live at `now`, `timeout` at most; zero or less: nothing.
 */
std::chrono::seconds time_left(const SSL_SESSION* session,
                               std::chrono::seconds timeout, std::time_t now);

}  // namespace session_cache
