/*
 * The keys that seal sessions.
 *
 * HKDF-SHA256 (RFC 5869) makes an identifier, a key for names and a key for
 * sealing from a key file's bytes. Two more keys are for tickets. The key for
 * sealing and a session ID give a key for that session alone, because a fleet
 * stores more values than one AES-GCM key may seal with random nonces (NIST SP
 * 800-38D, 8.3).
 */

#pragma once

#include "sessions/openssl.hpp"
#include "sessions/secret_pages.hpp"

#include <array>
#include <cstddef>
#include <initializer_list>
#include <openssl/evp.h>
#include <string_view>
#include <vector>

namespace session_cache {

class SealingKey {
  public:
    using Id = std::array<unsigned char, 8>;
    using Name = std::array<unsigned char, 32>;
    using ContextTag = std::array<unsigned char, 8>;

    using NameBlock = std::array<unsigned char, 16>; /* of AES */
    using TicketSeed = std::array<unsigned char, 32>;

    /* An AES-256 key, cleansed when it goes. */
    struct SessionKey {
        std::array<unsigned char, 32> bytes;
        ~SessionKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
    };

    /* The largest size of a key file, in bytes. */
    static constexpr std::size_t max_size = 80;

    /* Whether a key file may have this size: that of nginx's ticket keys, or
     * 32. */
    static bool is_size(std::size_t size) noexcept {
        return size == 32 || size == 48 || size == max_size;
    }

    /* Whether a key file's bytes may be random: not zeros, nor a pattern. */
    static bool is_varied(std::string_view file) noexcept;

    /* Made from a key file's bytes. Throws std::bad_alloc if OpenSSL fails. */
    explicit SealingKey(std::string_view file);

    /* Makes only the key for names from a key file's bytes. Throws as above. */
    static void derive_naming(std::string_view file,
                              std::span<unsigned char, 32> naming);

    /* Distinguishes keys, and reveals nothing about the key. */
    const Id& id() const noexcept { return id_; }

    /* The keyed hash (HMAC-SHA256) of a session ID. Throws as above. */
    Name name(Bytes session_id) const;

    /* The key that seals this session only. Throws as above. */
    void derive(Bytes session_id, SessionKey& key) const;

    /*
     * Shows to which context a session belongs, if one knows both and the key.
     * To everyone else it is a random number. Throws as above.
     */
    ContextTag tag(Bytes session_id, Bytes context) const;

    /*
     * Encrypts the contents of a ticket's name, and decrypts them: one block of
     * AES-256, so without the key it is a random number. Throws as above.
     */
    NameBlock cover(const NameBlock& plain) const;
    NameBlock uncover(const NameBlock& name) const;

    /*
     * Fills `out`, of at most 8160 bytes, by HKDF-SHA256 (RFC 5869) from the
     * key file and `seed`, for the purpose `info`. Both are needed to get the
     * result. Throws as above.
     */
    void derive(const TicketSeed& seed, Bytes info,
                std::span<unsigned char> out) const;

  private:
    using Block = std::array<unsigned char, 32>;
    using Cipher = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
    void expand(std::initializer_list<Bytes> info, Block& block) const;

    /* Only bytes: see secret_pages.hpp. */
    struct Secrets {
        std::array<unsigned char, 32> naming;
        std::array<unsigned char, 32> sealing;
        std::array<unsigned char, 32> ticket_names;
        std::array<unsigned char, 32> tickets;
    };

    Id id_{};
    SecretPages<Secrets> secrets_;
    Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> mac_; /* costly to make; unkeyed */
    Cipher cover_;                             /* likewise, with its key */
    Cipher uncover_;
};

/* The first one seals, and all of them open. If empty, nothing is sealed. */
using SealingKeys = std::vector<SealingKey>;

/* Whether both are from the same files, in the same order. */
bool are_same(std::span<const SealingKey> some,
              std::span<const SealingKey> others) noexcept;

}  // namespace session_cache
