/*
 * The keys that sessions are sealed with.
 *
 * Of a key file's bytes HKDF-SHA256 (RFC 5869) makes an identifier, a key
 * for names and one for sealing; and of the latter and a session ID the key
 * of that session alone: a fleet stores more values than one AES-GCM key may
 * seal with random nonces (NIST SP 800-38D, 8.3). Two more are for tickets.
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

    /* The longest of the sizes that a key file may have, in bytes. */
    static constexpr std::size_t max_size = 80;

    /* Whether a key file may be so long: as nginx's ticket keys, or 32. */
    static bool is_size(std::size_t size) noexcept {
        return size == 32 || size == 48 || size == max_size;
    }

    /* Whether a key file's bytes may be random: not zeros, nor a pattern. */
    static bool is_varied(std::string_view file) noexcept;

    /* Of a key file's bytes. Throws std::bad_alloc when OpenSSL fails. */
    explicit SealingKey(std::string_view file);

    /* Of a key file's bytes the key for names alone. Throws as above. */
    static void derive_naming(std::string_view file,
                              std::span<unsigned char, 32> naming);

    /* Tells keys apart; says nothing about the key. */
    const Id& id() const noexcept { return id_; }

    /* The keyed hash (HMAC-SHA256) of a session ID. Throws as above. */
    Name name(Bytes session_id) const;

    /* The key that seals this session only. Throws as above. */
    void derive(Bytes session_id, SessionKey& key) const;

    /*
     * Tells which context a session belongs to, to who knows both; to all
     * others it is a random number. Throws as above.
     */
    ContextTag tag(Bytes session_id, Bytes context) const;

    /*
     * A ticket's name of what it says, and the reverse: one block of AES-256,
     * so to who has no key it is a random number. Throws as above.
     */
    NameBlock cover(const NameBlock& plain) const;
    NameBlock uncover(const NameBlock& name) const;

    /*
     * What HKDF-SHA256 (RFC 5869) makes of the key file and of `seed`, for what
     * `info` says: nobody gets it who lacks one of the two. At most 8160 bytes.
     * Throws as above.
     */
    void derive(const TicketSeed& seed, Bytes info,
                std::span<unsigned char> out) const;

  private:
    using Block = std::array<unsigned char, 32>;
    using Cipher = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
    void expand(std::initializer_list<Bytes> info, Block& block) const;

    /* No more than bytes: see secret_pages.hpp. */
    struct Secrets {
        std::array<unsigned char, 32> naming;
        std::array<unsigned char, 32> sealing;
        std::array<unsigned char, 32> ticket_names;
        std::array<unsigned char, 32> tickets;
    };

    Id id_{};
    SecretPages<Secrets> secrets_;
    Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> mac_; /* dear to set up, but its key */
    Cipher cover_;                             /* likewise, with its key */
    Cipher uncover_;
};

/* The first seals, all of them open. Empty: nothing is sealed. */
using SealingKeys = std::vector<SealingKey>;

/* Whether they are of the same files, in the same order. */
bool are_same(std::span<const SealingKey> some,
              std::span<const SealingKey> others) noexcept;

}  // namespace session_cache
