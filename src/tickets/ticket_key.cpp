#include "tickets/ticket_key.hpp"

#include <algorithm>
#include <openssl/core_names.h>
#include <openssl/rand.h>

namespace session_cache::tickets {

namespace {

constexpr std::size_t iv_size = 16;

/* Fetched once, because OpenSSL looks its own names up anew each time. */
const EVP_CIPHER* cipher_of(std::size_t key_size) noexcept {
    static EVP_CIPHER* const aes_256 =
        EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    static EVP_CIPHER* const aes_128 =
        EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
    return key_size == 16 ? aes_128 : aes_256;
}

}  // namespace

TicketKey::TicketKey(const SealingKey& key, const SeedName& name,
                     const Seed& seed)
    : name_(ticket_name(key, name)), secrets_(make_secret_pages<Secrets>()) {
    key.derive(seed.bytes, packed(name),
               {secrets_->aes.data(), sizeof(Secrets)});
}

/* The name comes first. Then comes the HMAC key in the longer file, and the AES
 * key in the other one. */
TicketKey::TicketKey(std::string_view file)
    : key_size_(file.size() == 80 ? 32 : 16),
      secrets_(make_secret_pages<Secrets>()) {
    auto first = file.begin() + sizeof(TicketName);
    auto second = first + static_cast<std::ptrdiff_t>(key_size_);
    bool is_long = key_size_ == 32;

    std::copy(file.begin(), first, name_.begin());
    std::copy_n(is_long ? second : first, key_size_, secrets_->aes.begin());
    std::copy_n(is_long ? first : second, key_size_, secrets_->hmac.begin());
}

/* The parameters are only read, whatever their type says. */
bool TicketKey::set_hmac_key(EVP_MAC_CTX* mac) const noexcept {
    static char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
                                          secrets_->hmac.data(), key_size_),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};

    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

bool TicketKey::seal(unsigned char* name, unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const noexcept {
    std::ranges::copy(name_, name);
    return RAND_bytes(iv, iv_size) == 1 &&
           EVP_EncryptInit_ex(cipher, cipher_of(key_size_), nullptr,
                              secrets_->aes.data(), iv) == 1 &&
           set_hmac_key(mac);
}

bool TicketKey::open(const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const noexcept {
    return EVP_DecryptInit_ex(cipher, cipher_of(key_size_), nullptr,
                              secrets_->aes.data(), iv) == 1 &&
           set_hmac_key(mac);
}

}  // namespace session_cache::tickets
