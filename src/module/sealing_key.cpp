#include "module/sealing_key.hpp"

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

/* EVP_KDF-HKDF(7) in one of its modes. */
void hkdf(EVP_KDF_CTX* kdf, int mode, Bytes key, Bytes info,
          std::span<unsigned char> out) {
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode), digest(),
        octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end()};

    bool derived = EVP_KDF_derive(kdf, out.data(), out.size(), parameters) == 1;
    EVP_KDF_CTX_reset(kdf); /* which cleanses the key */
    require(derived);
}

Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

EVP_KDF_CTX* make_kdf() {
    EVP_KDF* kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr);
    EVP_KDF_CTX* ctx = kdf != nullptr ? EVP_KDF_CTX_new(kdf) : nullptr;

    EVP_KDF_free(kdf);
    require(ctx != nullptr);
    return ctx;
}

EVP_MAC_CTX* make_mac() {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    EVP_MAC_CTX* ctx = mac != nullptr ? EVP_MAC_CTX_new(mac) : nullptr;

    EVP_MAC_free(mac);
    require(ctx != nullptr);
    return ctx;
}

}  // namespace

void SealingKey::Unmap::operator()(Secrets* secrets) const noexcept {
    OPENSSL_cleanse(secrets, sizeof(Secrets));
    munmap(secrets, sizeof(Secrets));
}

SealingKey::SealingKey(std::string_view file)
    : namer_(make_mac()), kdf_(make_kdf()) {
    void* pages = mmap(nullptr, sizeof(Secrets), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED);
    secrets_.reset(new (pages) Secrets);
#ifdef MADV_DONTDUMP
    madvise(pages, sizeof(Secrets), MADV_DONTDUMP);
#endif

    auto make = [&](std::string_view purpose, std::span<unsigned char> out) {
        hkdf(kdf_.get(), EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, bytes_of(file),
             bytes_of(purpose), out);
    };
    make("ngx_ssl_session_cache identifier", id_);
    make("ngx_ssl_session_cache naming", secrets_->naming);
    make("ngx_ssl_session_cache sealing", secrets_->sealing);

    const OSSL_PARAM parameters[] = {digest(), OSSL_PARAM_construct_end()};
    require(EVP_MAC_init(namer_.get(), secrets_->naming.data(),
                         secrets_->naming.size(), parameters) == 1);
}

SealingKey::Name SealingKey::name(Bytes session_id) const {
    Name name;
    std::size_t length = 0;

    /* without a key: with the one that it has */
    require(
        EVP_MAC_init(namer_.get(), nullptr, 0, nullptr) == 1 &&
        EVP_MAC_update(namer_.get(), session_id.data(), session_id.size()) ==
            1 &&
        EVP_MAC_final(namer_.get(), name.data(), &length, name.size()) == 1);
    return name;
}

void SealingKey::derive(Bytes session_id, SessionKey& key) const {
    hkdf(kdf_.get(), EVP_KDF_HKDF_MODE_EXPAND_ONLY, secrets_->sealing,
         session_id, key.bytes);
}

}  // namespace session_cache
