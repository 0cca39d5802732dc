#include "sessions/cipher.hpp"

namespace session_cache {

namespace {

bool lists(const SSL_CTX* ctx, const SSL_CIPHER* cipher) {
    const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(ctx);

    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        if (SSL_CIPHER_get_id(sk_SSL_CIPHER_value(ciphers, i)) ==
            SSL_CIPHER_get_id(cipher)) {
            return true;
        }
    }
    return false;
}

/* The list also has ciphers that "@SECLEVEL" forbids. Handshakes check this. */
bool secure(const SSL_CTX* ctx, const SSL_CIPHER* cipher) {
    auto security = SSL_CTX_get_security_callback(ctx);

    return security == nullptr ||
           security(nullptr, ctx, SSL_SECOP_CIPHER_SUPPORTED,
                    SSL_CIPHER_get_bits(cipher, nullptr), 0,
                    const_cast<SSL_CIPHER*>(cipher),
                    SSL_CTX_get0_security_ex_data(ctx)) == 1;
}

}  // namespace

bool allows_cipher(SSL_CTX* ctx, const SSL_SESSION* session) noexcept {
    if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) {
        return true;
    }

    const SSL_CIPHER* cipher = SSL_SESSION_get0_cipher(session);
    return cipher != nullptr && lists(ctx, cipher) && secure(ctx, cipher);
}

}  // namespace session_cache
