#include "module/value.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <openssl/err.h>

namespace session_cache {

namespace {

/* The first byte of a value: which of its formats it is in. */
constexpr char format_der = 1;

/* What a value has besides the DER. */
constexpr std::size_t overhead = 1 + sizeof(Checksum);

bool same(SessionId a, SessionId b) {
    return a.size() == b.size() &&
           std::memcmp(a.data(), b.data(), a.size()) == 0;
}

/* A session's own timeout is of any value, negative ones among them. */
long lifetime(const SSL_SESSION* session, std::chrono::seconds timeout) {
    return std::clamp<long>(SSL_SESSION_get_timeout(session), 0,
                            timeout.count());
}

/* Takes the checksum off; false when it is wrong. */
bool strip_checksum(std::string_view& value) {
    if (value.size() < overhead) {
        return false;
    }

    std::string_view sum = value.substr(value.size() - sizeof(Checksum));
    value.remove_suffix(sizeof(Checksum));
    Checksum expected = checksum(value);
    return sum == std::string_view(expected.data(), expected.size());
}

}  // namespace

std::string key_of(std::string_view prefix, SessionId id) {
    constexpr char digits[] = "0123456789abcdef";
    std::string key(prefix);

    key.resize(prefix.size() + 2 * id.size());
    auto to = key.begin() + static_cast<std::ptrdiff_t>(prefix.size());
    for (unsigned char byte : id) {
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 0x0f];
    }
    return key;
}

Checksum checksum(std::string_view bytes) noexcept {
    std::uint64_t sum = 0xcbf29ce484222325;
    for (unsigned char byte : bytes) {
        sum = (sum ^ byte) * 0x100000001b3;
    }

    Checksum result;
    for (char& byte : result) {
        byte = static_cast<char>(sum & 0xff);
        sum >>= 8;
    }
    return result;
}

bool encode(const SSL_SESSION* session, SecretBytes& out) {
    int length = i2d_SSL_SESSION(session, nullptr);
    if (length <= 0 || static_cast<std::size_t>(length) > max_session) {
        return false;
    }

    std::string& bytes = out.bytes();
    bytes.resize(overhead + static_cast<std::size_t>(length));
    bytes[0] = format_der;

    auto* der = reinterpret_cast<unsigned char*>(&bytes[1]);
    i2d_SSL_SESSION(session, &der);

    Checksum sum = checksum(
        std::string_view(bytes).substr(0, bytes.size() - sizeof(Checksum)));
    std::copy(sum.begin(), sum.end(), bytes.end() - sizeof(Checksum));
    return true;
}

Decoded decode(std::string_view value, const Expected& expected) {
    if (value.empty() || value[0] != format_der) {
        return {nullptr, "unknown format"};
    }

    if (value.size() > overhead + max_session) {
        return {nullptr, "too long"};
    }

    if (!strip_checksum(value)) {
        return {nullptr, "damaged"};
    }
    value.remove_prefix(1);

    const auto* der = reinterpret_cast<const unsigned char*>(value.data());
    const auto* end = der + value.size();
    Session session(
        d2i_SSL_SESSION(nullptr, &der, static_cast<long>(value.size())));

    if (session == nullptr || der != end) {
        ERR_clear_error();
        return {nullptr, "not a session"};
    }

    if (!same(session_id(session.get()), expected.id)) {
        return {nullptr, "another session ID"};
    }

    if (SSL_SESSION_get_protocol_version(session.get()) != expected.protocol) {
        return {nullptr, "another protocol version"};
    }

    if (time_left(session.get(), expected.timeout, expected.now).count() <= 0) {
        return {nullptr, "expired"};
    }

    /* so that it dies in time in the local cache and when resumed, too */
    SSL_SESSION_set_timeout(session.get(),
                            lifetime(session.get(), expected.timeout));
    return {std::move(session)};
}

/* The time that a session was made at, too, is of any value; after `now` it
 * is of a node whose clock is ahead. */
std::chrono::seconds time_left(const SSL_SESSION* session,
                               std::chrono::seconds timeout, std::time_t now) {
    long made = std::clamp<long>(SSL_SESSION_get_time(session), 0, now);
    return std::chrono::seconds(lifetime(session, timeout) - (now - made));
}

}  // namespace session_cache
