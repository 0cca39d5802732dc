#include "sessions/value.hpp"
#include "sessions/seal.hpp"

#include <algorithm>
#include <cstdint>
#include <openssl/err.h>

namespace session_cache {

namespace {

/* The first byte of a value: its format. */
constexpr char format_der = 1;

/* The bytes of a value before and after the DER. */
struct Frame {
    std::size_t head;
    std::size_t tail;
};

Frame frame_of(const SealingKeys& keys) {
    return keys.empty() ? Frame{1, sizeof(Checksum)}
                        : Frame{seal_head, seal_tail};
}

Bytes context_of(const SSL_SESSION* session) {
    unsigned int length = 0;
    const unsigned char* context =
        SSL_SESSION_get0_id_context(session, &length);
    return {context, length};
}

/* The older function is not safe after 2038, and deprecated since 3.4. */
std::time_t made_at(const SSL_SESSION* session) {
#if OPENSSL_VERSION_PREREQ(3, 3)
    return SSL_SESSION_get_time_ex(session);
#else
    return SSL_SESSION_get_time(session);
#endif
}

/* A session's own timeout may have any value, even a negative one. */
long lifetime(const SSL_SESSION* session, std::chrono::seconds timeout) {
    return std::clamp<long>(SSL_SESSION_get_timeout(session), 0,
                            timeout.count());
}

/* Fills in the format and the checksum around the DER. */
void add_checksum(std::string& bytes) {
    bytes[0] = format_der;

    Checksum sum = checksum(
        std::string_view(bytes).substr(0, bytes.size() - sizeof(Checksum)));
    std::copy(sum.begin(), sum.end(), bytes.end() - sizeof(Checksum));
}

/* Leaves the DER, or returns what is wrong. */
Refusal strip_checksum(std::string_view& value) {
    if (value.empty() || value[0] != format_der) {
        return is_sealed(value) ? Refusal::no_key : Refusal::unknown_format;
    }

    if (value.size() < 1 + sizeof(Checksum)) {
        return Refusal::damaged;
    }

    std::string_view sum = value.substr(value.size() - sizeof(Checksum));
    value.remove_suffix(sizeof(Checksum));
    Checksum expected = checksum(value);
    if (sum != std::string_view(expected.data(), expected.size())) {
        return Refusal::damaged;
    }

    value.remove_prefix(1);
    return Refusal::none;
}

/* The session in a DER, if it is the expected one. */
Decoded read_session(std::string_view value, const Expected& expected) {
    const auto* der = reinterpret_cast<const unsigned char*>(value.data());
    const auto* end = der + value.size();
    Session session(
        d2i_SSL_SESSION(nullptr, &der, static_cast<long>(value.size())));

    if (session == nullptr || der != end) {
        ERR_clear_error();
        return {nullptr, Refusal::no_session};
    }

    if (!std::ranges::equal(session_id(session.get()), expected.id)) {
        return {nullptr, Refusal::other_id};
    }

    Refusal refusal = judge(session.get(), expected);
    if (refusal != Refusal::none) {
        return {nullptr, refusal};
    }
    return {std::move(session)};
}

}  // namespace

std::string name_of(std::string_view prefix, SessionId id) {
    constexpr char digits[] = "0123456789abcdef";
    std::string name(prefix);

    name.resize(prefix.size() + 2 * id.size());
    auto to = name.begin() + static_cast<std::ptrdiff_t>(prefix.size());
    for (unsigned char byte : id) {
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 0x0f];
    }
    return name;
}

std::string name_of(std::string_view prefix, SessionId id,
                    const SealingKey& key) {
    return name_of(prefix, key.name(id));
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

bool encode(const SSL_SESSION* session, const SealingKeys& keys,
            SecretBytes& out) {
    int length = i2d_SSL_SESSION(session, nullptr);
    if (length <= 0 || static_cast<std::size_t>(length) > max_session) {
        return false;
    }

    auto [head, tail] = frame_of(keys);
    std::string& bytes = out.bytes();
    bytes.resize(head + static_cast<std::size_t>(length) + tail);

    auto* first = reinterpret_cast<unsigned char*>(bytes.data());
    auto* der = first + head;
    i2d_SSL_SESSION(session, &der);

    if (keys.empty()) {
        add_checksum(bytes);
    } else {
        seal(keys.front(), {session_id(session), context_of(session)},
             {first, bytes.size()});
    }
    return true;
}

Refusal judge(SSL_SESSION* session, const Expected& expected) {
    if (!std::ranges::equal(context_of(session), expected.context)) {
        return Refusal::other_context;
    }
    if (SSL_SESSION_get_protocol_version(session) != expected.protocol) {
        return Refusal::other_protocol;
    }
    if (time_left(session, expected.timeout, expected.now).count() <= 0) {
        return Refusal::expired;
    }

    SSL_SESSION_set_timeout(session, lifetime(session, expected.timeout));
    return Refusal::none;
}

Decoded decode(std::string_view value, const SealingKeys& keys,
               const Expected& expected) {
    auto [head, tail] = frame_of(keys);
    if (value.size() > head + max_session + tail) {
        return {nullptr, Refusal::too_long};
    }

    SecretBytes opened;
    Refusal refusal;
    if (keys.empty()) {
        refusal = strip_checksum(value);
    } else {
        refusal = unseal(keys, {expected.id, expected.context}, value, opened);
        value = opened.view();
    }
    return refusal == Refusal::none ? read_session(value, expected)
                                    : Decoded{nullptr, refusal};
}

/* The time at which a session was made may also have any value. If it is after
 * `now`, the clock of another node is ahead. */
std::chrono::seconds time_left(const SSL_SESSION* session,
                               std::chrono::seconds timeout, std::time_t now) {
    long made = std::clamp<long>(made_at(session), 0, now);
    return std::chrono::seconds(lifetime(session, timeout) - (now - made));
}

}  // namespace session_cache
