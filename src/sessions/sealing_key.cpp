#include "sessions/sealing_key.hpp"

#include "sessions/secret.hpp"

#include <algorithm>
#include <bitset>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

namespace session_cache {

namespace {

/* The parameters are only read, whatever their type says. */
OSSL_PARAM octets(const char* name, Bytes bytes) {
    return OSSL_PARAM_construct_octet_string(
        name, const_cast<unsigned char*>(bytes.data()), bytes.size());
}

OSSL_PARAM digest() {
    static char name[] = "SHA256";
    return OSSL_PARAM_construct_utf8_string(OSSL_ALG_PARAM_DIGEST, name, 0);
}

/* EVP_KDF-HKDF(7). */
void hkdf(EVP_KDF_CTX* kdf, Bytes key, Bytes info,
          std::span<unsigned char> out) {
    const OSSL_PARAM parameters[] = {digest(), octets(OSSL_KDF_PARAM_KEY, key),
                                     octets(OSSL_KDF_PARAM_INFO, info),
                                     OSSL_PARAM_construct_end()};
    require(EVP_KDF_derive(kdf, out.data(), out.size(), parameters) == 1);
}

Owned<EVP_KDF_CTX, EVP_KDF_CTX_free> make_kdf() {
    EVP_KDF* kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr);
    EVP_KDF_CTX* ctx = kdf != nullptr ? EVP_KDF_CTX_new(kdf) : nullptr;

    EVP_KDF_free(kdf);
    require(ctx != nullptr);
    return Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>(ctx);
}

bool set_key(EVP_MAC_CTX* mac, Bytes key) {
    return EVP_MAC_init(mac, key.data(), key.size(), nullptr) == 1;
}

bool add(EVP_MAC_CTX* mac, Bytes bytes) {
    return EVP_MAC_update(mac, bytes.data(), bytes.size()) == 1;
}

bool finish(EVP_MAC_CTX* mac, std::span<unsigned char> out) {
    std::size_t length = 0;
    return EVP_MAC_final(mac, out.data(), &length, out.size()) == 1;
}

Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> make_mac() {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    EVP_MAC_CTX* ctx = mac != nullptr ? EVP_MAC_CTX_new(mac) : nullptr;

    EVP_MAC_free(mac);
    Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> owned(ctx);
    const OSSL_PARAM parameters[] = {digest(), OSSL_PARAM_construct_end()};
    require(ctx != nullptr && EVP_MAC_CTX_set_params(ctx, parameters) == 1);
    return owned;
}

/* AES-256 of one block at a time. It keeps its key. */
Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> make_block_cipher(Bytes key,
                                                             bool encrypts) {
    EVP_CIPHER* aes = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
    Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> ctx(EVP_CIPHER_CTX_new());
    bool made = aes != nullptr && ctx != nullptr &&
                EVP_CipherInit_ex(ctx.get(), aes, nullptr, key.data(), nullptr,
                                  encrypts ? 1 : 0) == 1 &&
                EVP_CIPHER_CTX_set_padding(ctx.get(), 0) == 1;

    EVP_CIPHER_free(aes);
    require(made);
    return ctx;
}

SealingKey::NameBlock crypt(EVP_CIPHER_CTX* ctx,
                            const SealingKey::NameBlock& block) {
    SealingKey::NameBlock out;
    int length = 0;

    require(EVP_CipherUpdate(ctx, out.data(), &length, block.data(),
                             static_cast<int>(block.size())) == 1 &&
            static_cast<std::size_t>(length) == out.size());
    return out;
}

/* Of a length that the FIPS provider accepts, too. */
constexpr unsigned char no_key[32] = {};

}  // namespace

/* 32 random bytes have fewer values once in 10^36 files. */
bool SealingKey::is_varied(std::string_view file) noexcept {
    constexpr std::size_t least = 8;
    std::bitset<256> seen;

    for (unsigned char byte : file) {
        seen.set(byte);
    }
    return seen.count() >= least;
}

SealingKey::SealingKey(std::string_view file)
    : secrets_(make_secret_pages<Secrets>()) {
    auto kdf = make_kdf();
    auto make = [&](std::string_view purpose, std::span<unsigned char> out) {
        hkdf(kdf.get(), bytes_of(file), bytes_of(purpose), out);
    };
    make("ngx_ssl_session_cache identifier", id_);
    derive_naming(file, secrets_->naming);
    make("ngx_ssl_session_cache sealing", secrets_->sealing);
    make("ngx_ssl_session_cache ticket names", secrets_->ticket_names);
    make("ngx_ssl_session_cache tickets", secrets_->tickets);

    mac_ = make_mac();
    cover_ = make_block_cipher(secrets_->ticket_names, true);
    uncover_ = make_block_cipher(secrets_->ticket_names, false);
}

void SealingKey::derive_naming(std::string_view file,
                               std::span<unsigned char, 32> naming) {
    hkdf(make_kdf().get(), bytes_of(file),
         bytes_of("ngx_ssl_session_cache naming"), naming);
}

/*
 * Sets the key again. In OpenSSL 3.0.0 to 3.0.2, EVP_MAC_init(3) without a key
 * does not begin anew, but claims to (openssl#17811).
 */
SealingKey::Name SealingKey::name(Bytes session_id) const {
    Name name;
    EVP_MAC_CTX* mac = mac_.get();

    require(set_key(mac, secrets_->naming) && add(mac, session_id) &&
            finish(mac, name));
    return name;
}

/*
 * HKDF-Expand (RFC 5869, 2.3). For so few bytes it is one HMAC. EVP_KDF looks
 * its digest up each time, which costs more than all of this.
 */
void SealingKey::expand(std::initializer_list<Bytes> info, Block& block) const {
    EVP_MAC_CTX* mac = mac_.get();

    bool done = set_key(mac, secrets_->sealing);
    for (Bytes part : info) {
        done = done && add(mac, part);
    }
    done = done && finish(mac, block);
    set_key(mac, no_key); /* cleanses its present key */
    require(done);
}

void SealingKey::derive(Bytes session_id, SessionKey& key) const {
    constexpr unsigned char first_block[] = {1};
    expand({session_id, first_block}, key.bytes);
}

/* Its input ends differently from a key's, so no tag equals a key. */
SealingKey::ContextTag SealingKey::tag(Bytes session_id, Bytes context) const {
    const unsigned char end[] = {static_cast<unsigned char>(session_id.size()),
                                 2};
    Block block;
    ContextTag tag;

    expand({session_id, context, end}, block);
    std::copy_n(block.begin(), tag.size(), tag.begin());
    return tag;
}

SealingKey::NameBlock SealingKey::cover(const NameBlock& plain) const {
    return crypt(cover_.get(), plain);
}

SealingKey::NameBlock SealingKey::uncover(const NameBlock& name) const {
    return crypt(uncover_.get(), name);
}

/* Both are parts of the key. Neither is the salt, because OpenSSL 3.0 does not
 * cleanse that. */
void SealingKey::derive(const TicketSeed& seed, Bytes info,
                        std::span<unsigned char> out) const {
    SecretBytes both(std::string(secrets_->tickets.size() + seed.size(), '\0'));
    auto rest = std::ranges::copy(secrets_->tickets, both.bytes().begin()).out;

    std::ranges::copy(seed, rest);
    hkdf(make_kdf().get(), bytes_of(both.view()), info, out);
}

bool are_same(std::span<const SealingKey> some,
              std::span<const SealingKey> others) noexcept {
    return std::ranges::equal(some, others, {}, &SealingKey::id,
                              &SealingKey::id);
}

}  // namespace session_cache
