/*
 * Sealed values: sessions in the store are secret, and cannot be forged,
 * altered or moved to another name (AES-256-GCM, NIST SP 800-38D).
 *
 *     format   key id   nonce   context   ciphertext   tag
 *     1        8        12      8         ...          16     bytes
 *
 * The context is SealingKey::tag() of the session ID context. The additional
 * data are the format, the key id, the session ID (after its length) and that
 * tag.
 *
 * Values of format 2 are read, too. They have the session ID context itself in
 * the additional data, and no tag. So nobody can tell whether such a value is
 * of another context or damaged.
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

/* The first byte of a sealed value. No single bit turns one format into
 * another. */
inline constexpr unsigned char sealed_format = 4;
inline constexpr unsigned char sealed_format_2 = 2;

inline bool is_sealed(std::string_view value) noexcept {
    return !value.empty() &&
           (value[0] == sealed_format || value[0] == sealed_format_2);
}

using Nonce = std::array<unsigned char, 12>;

/* The bytes of a sealed value before and after the ciphertext. */
inline constexpr std::size_t seal_head =
    1 + sizeof(SealingKey::Id) + sizeof(Nonce) + sizeof(SealingKey::ContextTag);
inline constexpr std::size_t seal_tail = 16;

/* The session and the servers for which alone a value is sealed. */
struct SealedFor {
    Bytes session_id;
    Bytes context;
};

/*
 * Seals in place. The plaintext begins seal_head bytes after the beginning of
 * `value`, and ends seal_tail bytes before its end. Throws std::bad_alloc if
 * OpenSSL fails.
 */
void seal(const SealingKey& key, const SealedFor& what,
          std::span<unsigned char> value);

/* The same with a given nonce, so that the result is known. No two values may
 * have the same nonce. */
void seal(const SealingKey& key, const SealedFor& what, const Nonce& nonce,
          std::span<unsigned char> value);

/*
 * Opens what seal() made into `out`, with the key of `keys` that sealed it.
 * Returns why the value must not be believed, or none. Throws as seal() does.
 */
Refusal unseal(std::span<const SealingKey> keys, const SealedFor& what,
               std::string_view value, SecretBytes& out);

}  // namespace session_cache
