/*
 * A session as it stands in the store: under which key, in which bytes, and
 * whether what came back may be believed. Knows OpenSSL, but no nginx.
 */

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <memory>
#include <openssl/ssl.h>
#include <span>
#include <string>
#include <string_view>

namespace session_cache {

struct SessionFree {
    void operator()(SSL_SESSION* session) const noexcept {
        SSL_SESSION_free(session);
    }
};

using Session = std::unique_ptr<SSL_SESSION, SessionFree>;

using SessionId = std::span<const unsigned char>;

inline SessionId session_id(const SSL_SESSION* session) noexcept {
    unsigned int length = 0;
    const unsigned char* id = SSL_SESSION_get_id(session, &length);
    return {id, length};
}

/* `prefix`, then the session ID in lower-case hexadecimal. */
std::string key_of(std::string_view prefix, SessionId id);

/* The longest session that is stored, in bytes of its DER. */
inline constexpr std::size_t max_session = 64 * 1024;

/* Bytes that hold secrets: cleansed when they go. */
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::string&& bytes) noexcept
        : bytes_(std::move(bytes)) {}
    ~SecretBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;

    std::string& bytes() noexcept { return bytes_; }
    std::string_view view() const noexcept { return bytes_; }

  private:
    std::string bytes_;
};

/*
 * What a value ends with: FNV-1a of all before it, the lowest byte first. A
 * store that has damaged a session would make handshakes fail with it. No
 * help against who means to forge one.
 */
using Checksum = std::array<char, 8>;
Checksum checksum(std::string_view bytes) noexcept;

/*
 * Writes the format byte, the session's DER (i2d_SSL_SESSION(3)) and the
 * checksum to `out`. Returns false, with `out` empty, when the session is
 * longer than max_session or OpenSSL cannot encode it.
 */
bool encode(const SSL_SESSION* session, SecretBytes& out);

/* What a stored session has to be to answer a client. */
struct Expected {
    SessionId id;
    int protocol;                 /* as SSL_version(3) */
    std::chrono::seconds timeout; /* of the server that is asked */
    std::time_t now;
};

struct Decoded {
    Session session;
    const char* error = nullptr; /* why there is none */
};

/*
 * Reads what encode() wrote and checks it: OpenSSL compares neither the
 * session ID with the one asked for, nor the lifetime with the timeout of a
 * server other than the one that made the session; the shorter of the two
 * timeouts becomes the session's. The session ID context
 * is left to OpenSSL (ssl_get_prev_session()), to which a session of another
 * one is as good as none.
 */
Decoded decode(std::string_view value, const Expected& expected);

/*
 * How long a session made by or resumed at a server with `timeout` has left
 * to live at `now`, `timeout` at most; zero or less: nothing.
 */
std::chrono::seconds time_left(const SSL_SESSION* session,
                               std::chrono::seconds timeout, std::time_t now);

}  // namespace session_cache
