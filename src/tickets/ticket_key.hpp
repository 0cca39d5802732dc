/*
 * The key that makes and opens stateless tickets: AES-CBC and HMAC-SHA256,
 * because OpenSSL's callback allows nothing else
 * (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
 */

#pragma once

#include "sessions/sealing_key.hpp"
#include "sessions/secret_pages.hpp"
#include "tickets/seed.hpp"
#include "tickets/ticket_name.hpp"

#include <array>
#include <openssl/evp.h>
#include <string_view>

namespace session_cache::tickets {

class TicketKey {
  public:
    /* The key of a slot. Throws std::bad_alloc. */
    TicketKey(const SealingKey& key, const SeedName& name, const Seed& seed);

    /*
     * The key in a file of nginx's "ssl_session_ticket_key", from the file's 48
     * or 80 bytes: the name, and AES-128 or AES-256 (ngx_ssl_ticket_keys()).
     * Throws std::bad_alloc.
     */
    explicit TicketKey(std::string_view file);

    static bool is_file_size(std::size_t size) noexcept {
        return size == 48 || size == 80;
    }

    const TicketName& name() const noexcept { return name_; }

    /*
     * Prepares OpenSSL to make a ticket: sets the caller's name and
     * initialization vector, of 16 bytes each, and both contexts. Returns false
     * if OpenSSL failed.
     */
    bool seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac) const noexcept;

    /* Likewise to open one. */
    bool open(const unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac) const noexcept;

  private:
    /* Only bytes: see secret_pages.hpp. */
    struct Secrets {
        std::array<unsigned char, 32> aes;
        std::array<unsigned char, 32> hmac;
    };

    bool set_hmac_key(EVP_MAC_CTX* mac) const noexcept;

    TicketName name_{};
    std::size_t key_size_ = sizeof(Secrets::aes); /* of each, in bytes */
    SecretPages<Secrets> secrets_;
};

}  // namespace session_cache::tickets
