#include "sessions/claim.hpp"
#include "sessions/value.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>

namespace session_cache {

std::string claim_name(std::string_view prefix, const SSL* ssl) {
    std::array<unsigned char, SSL3_RANDOM_SIZE + SSL_MAX_SID_CTX_LENGTH> text;
    std::array<unsigned char, 32> digest;

    require(SSL_get_client_random(ssl, text.data(), SSL3_RANDOM_SIZE) ==
            SSL3_RANDOM_SIZE);
    unsigned size = 0;
    const unsigned char* context =
        SSL_SESSION_get0_id_context(SSL_get0_session(ssl), &size);
    std::copy_n(context, size, text.begin() + SSL3_RANDOM_SIZE);

    require(EVP_Digest(text.data(), SSL3_RANDOM_SIZE + size, digest.data(),
                       nullptr, EVP_sha256(), nullptr) == 1);
    return name_of(std::string(prefix) + "early:", digest);
}

}  // namespace session_cache
