// Whether OpenSSL can seal is found out at configuration time.

#include "sessions/sealing_check.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

using namespace session_cache;

TEST_CASE("sealing check: this OpenSSL passes, as often as it is asked") {
    for (int i = 0; i < 3; ++i) {
        CHECK(check_sealing().empty());
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("sealing check: what the providers do not have is named") {
    REQUIRE(EVP_set_default_properties(nullptr, "provider=none") == 1);
    const auto wrong = check_sealing();
    CHECK(ERR_peek_error() == 0);
    REQUIRE(EVP_set_default_properties(nullptr, "") == 1);
    CHECK(wrong ==
          "OpenSSL has no SHA256, HKDF, HMAC, AES-256-GCM, AES-256-ECB, "
          "AES-256-CBC, as its providers are configured");
    CHECK(check_sealing().empty());
}
