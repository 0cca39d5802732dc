#include "sessions/sealing_key.hpp"

#include <algorithm>
#include <bitset>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <sys/mman.h>

namespace session_cache {

/* In pages of its own, which core dumps leave out where the system can. */
struct SealingKey::Secrets {
    std::array<unsigned char, 32> naming;
    std::array<unsigned char, 32> sealing;
};

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

Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
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

/* Of a length that the FIPS provider takes, too. */
constexpr unsigned char no_key[32] = {};

}  // namespace

void SealingKey::Unmap::operator()(Secrets* secrets) const noexcept {
    OPENSSL_cleanse(secrets, sizeof(Secrets));
    munmap(secrets, sizeof(Secrets));
}

/* That 32 random bytes have fewer values happens once in 10^36 files. */
bool SealingKey::is_varied(std::string_view file) noexcept {
    constexpr std::size_t least = 8;
    std::bitset<256> seen;

    for (unsigned char byte : file) {
        seen.set(byte);
    }
    return seen.count() >= least;
}

SealingKey::SealingKey(std::string_view file) {
    void* pages = mmap(nullptr, sizeof(Secrets), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED);
    secrets_.reset(new (pages) Secrets);
#ifdef MADV_DONTDUMP
    madvise(pages, sizeof(Secrets), MADV_DONTDUMP);
#endif

    auto kdf = make_kdf();
    auto make = [&](std::string_view purpose, std::span<unsigned char> out) {
        hkdf(kdf.get(), bytes_of(file), bytes_of(purpose), out);
    };
    make("ngx_ssl_session_cache identifier", id_);
    make("ngx_ssl_session_cache naming", secrets_->naming);
    make("ngx_ssl_session_cache sealing", secrets_->sealing);

    mac_ = make_mac();
}

/*
 * With the key set again: EVP_MAC_init(3) without one does not begin anew in
 * OpenSSL 3.0.0 to 3.0.2 (openssl#17811), and says that it does.
 */
SealingKey::Name SealingKey::name(Bytes session_id) const {
    Name name;
    EVP_MAC_CTX* mac = mac_.get();

    require(set_key(mac, secrets_->naming) && add(mac, session_id) &&
            finish(mac, name));
    return name;
}

/*
 * HKDF-Expand (RFC 5869, 2.3), which for so few bytes is one HMAC. EVP_KDF
 * looks its digest up each time, which costs more than all of this.
 */
void SealingKey::expand(std::initializer_list<Bytes> info, Block& block) const {
    EVP_MAC_CTX* mac = mac_.get();

    bool done = set_key(mac, secrets_->sealing);
    for (Bytes part : info) {
        done = done && add(mac, part);
    }
    done = done && finish(mac, block);
    set_key(mac, no_key); /* cleanses the one that it has */
    require(done);
}

void SealingKey::derive(Bytes session_id, SessionKey& key) const {
    constexpr unsigned char first_block[] = {1};
    expand({session_id, first_block}, key.bytes);
}

/* What it is of ends otherwise than what a key is of. */
SealingKey::ContextTag SealingKey::tag(Bytes session_id, Bytes context) const {
    const unsigned char end[] = {static_cast<unsigned char>(session_id.size()),
                                 2};
    Block block;
    ContextTag tag;

    expand({session_id, context, end}, block);
    std::copy_n(block.begin(), tag.size(), tag.begin());
    return tag;
}

}  // namespace session_cache
