/*
 * Sealed values: what a store holds of a session is secret and cannot be
 * forged, altered, or moved to another name (AES-256-GCM, NIST SP 800-38D).
 *
 *     format   key id   nonce   context   ciphertext   tag
 *     1        8        12      8         ...          16     bytes
 *
 * The context is SealingKey::tag() of the session ID context. The additional
 * data are the format, the key id, the session ID (its length before it) and
 * that tag.
 *
 * Values of format 2 are read, too: they have no such tag, but the session ID
 * context itself in the additional data. So of these nobody can tell whether
 * they are of another context or damaged.
 */

#pragma once

#include "sessions/refusal.hpp"
#include "sessions/sealing_key.hpp"
#include "sessions/secret.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace session_cache {

/* The first byte of a sealed value: of none of two formats one bit makes the
 * other. */
inline constexpr unsigned char sealed_format = 4;
inline constexpr unsigned char sealed_format_2 = 2;

inline bool is_sealed(std::string_view value) noexcept {
    return !value.empty() &&
           (value[0] == sealed_format || value[0] == sealed_format_2);
}

using Nonce = std::array<unsigned char, 12>;

/* What a sealed value has before and behind the ciphertext, in bytes. */
inline constexpr std::size_t seal_head =
    1 + sizeof(SealingKey::Id) + sizeof(Nonce) + sizeof(SealingKey::ContextTag);
inline constexpr std::size_t seal_tail = 16;

/* The only session and servers that a value is for. */
struct SealedFor {
    Bytes session_id;
    Bytes context;
};

/*
 * Seals in place: the plaintext stands seal_head bytes from the beginning of
 * `value` and ends seal_tail bytes before its end. Throws std::bad_alloc when
 * OpenSSL fails.
 */
void seal(const SealingKey& key, const SealedFor& what,
          std::span<unsigned char> value);

/* The same with a nonce that is given, so the result is known. No two values
 * may have the same. */
void seal(const SealingKey& key, const SealedFor& what, const Nonce& nonce,
          std::span<unsigned char> value);

/*
 * Opens what seal() made, with the key of `keys` that made it: the plaintext
 * is in `out` then. Returns why it is not to be believed, or none. Throws as
 * seal() does.
 */
Refusal unseal(std::span<const SealingKey> keys, const SealedFor& what,
               std::string_view value, SecretBytes& out);

}  // namespace session_cache
