// Whether a server still allows a session's cipher.

#include "sessions/cipher.hpp"
#include "sessions/value.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace session_cache;

namespace {

using Ctx = Owned<SSL_CTX, SSL_CTX_free>;

Ctx make_ctx(const std::string& ciphers) {
    Ctx ctx(SSL_CTX_new(TLS_method()));
    REQUIRE(SSL_CTX_set_cipher_list(ctx.get(), ciphers.c_str()) == 1);
    return ctx;
}

// A session with the cipher that has these two bytes in TLS.
Session make_session(int version, unsigned char high, unsigned char low) {
    const Ctx ctx = make_ctx("ALL:@SECLEVEL=0");
    const Owned<SSL, SSL_free> ssl(SSL_new(ctx.get()));
    const unsigned char bytes[] = {high, low};
    Session session(SSL_SESSION_new());
    REQUIRE(SSL_SESSION_set_protocol_version(session.get(), version) == 1);
    REQUIRE(SSL_SESSION_set_cipher(session.get(),
                                   SSL_CIPHER_find(ssl.get(), bytes)) == 1);
    return session;
}

}  // namespace

TEST_CASE("cipher: what the list has is allowed, and nothing else") {
    const auto session = make_session(TLS1_2_VERSION, 0x00, 0x2f);
    for (const auto* list :
         {"AES128-SHA", "ECDHE+AESGCM:AES128-SHA", "ALL:@SECLEVEL=0"}) {
        CAPTURE(std::string(list));
        CHECK(allows_cipher(make_ctx(list).get(), session.get()));
    }
    for (const auto* list : {"ECDHE+AESGCM", "AES256-SHA", "ALL:!AES128-SHA"}) {
        CAPTURE(std::string(list));
        CHECK_FALSE(allows_cipher(make_ctx(list).get(), session.get()));
    }
}

TEST_CASE("cipher: the security level counts as well") {
    const auto session = make_session(TLS1_2_VERSION, 0x00, 0x2f);
    CHECK(
        allows_cipher(make_ctx("AES128-SHA:@SECLEVEL=1").get(), session.get()));
    // This level wants forward secrecy.
    CHECK_FALSE(
        allows_cipher(make_ctx("AES128-SHA:@SECLEVEL=3").get(), session.get()));
}

TEST_CASE("cipher: a session of TLS 1.3 is left to OpenSSL") {
    const auto session = make_session(TLS1_3_VERSION, 0x13, 0x01);
    CHECK(allows_cipher(make_ctx("AES256-SHA").get(), session.get()));
}

TEST_CASE("cipher: a session without any is not allowed") {
    const Session session(SSL_SESSION_new());
    REQUIRE(SSL_SESSION_set_protocol_version(session.get(), TLS1_2_VERSION) ==
            1);
    CHECK_FALSE(allows_cipher(make_ctx("ALL").get(), session.get()));
}
