// The session ID context of an SSL_CTX: found out, and narrowed.

#include "sessions/context.hpp"
#include "support/certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <string>

using namespace session_cache;
using support::certificates;

namespace {

using Ctx = Owned<SSL_CTX, SSL_CTX_free>;

Ctx make_ctx(const std::string& context = "some server") {
    Ctx ctx(SSL_CTX_new(TLS_method()));
    REQUIRE(SSL_CTX_set_session_id_context(
                ctx.get(),
                reinterpret_cast<const unsigned char*>(context.data()),
                static_cast<unsigned>(context.size())) == 1);
    return ctx;
}

Context narrowed(SSL_CTX* ctx, const std::vector<long>& settings = {1, 0}) {
    narrow_context(ctx, settings);
    CHECK(ERR_peek_error() == 0);
    return context_of(ctx);
}

void trust(SSL_CTX* ctx, const support::KeyPair& pair) {
    REQUIRE(SSL_CTX_load_verify_file(ctx, pair.certificate.c_str()) == 1);
}

}  // namespace

TEST_CASE("context: it is found out, of any length") {
    for (const std::string context : {"", "x", "HTTP and a digest"}) {
        const auto ctx = make_ctx(context);
        const auto found = context_of(ctx.get());
        CHECK(std::string(found.begin(), found.end()) == context);
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("context: it is found out whatever the server is set up for") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto ctx = make_ctx("x");
        REQUIRE(SSL_CTX_set_min_proto_version(ctx.get(), version) == 1);
        REQUIRE(SSL_CTX_set_max_proto_version(ctx.get(), version) == 1);
        REQUIRE(SSL_CTX_set_cipher_list(ctx.get(), "AES128-SHA") == 1);
        SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_info_callback(ctx.get(),
                                  [](const SSL*, int, int) { FAIL("called"); });
        CHECK(context_of(ctx.get()) == Context{'x'});
    }
}

TEST_CASE("context: it is found out without the extensions that nginx adds") {
    const auto ctx = make_ctx("x");
    const SSL_custom_ext_add_cb_ex add = [](SSL*, unsigned, unsigned,
                                            const unsigned char**, std::size_t*,
                                            X509*, std::size_t, int*, void*) {
        FAIL("called");
        return 0;
    };
    REQUIRE(SSL_CTX_add_custom_ext(ctx.get(), 0x39, SSL_EXT_CLIENT_HELLO, add,
                                   nullptr, nullptr, nullptr, nullptr) == 1);
    CHECK(context_of(ctx.get()) == Context{'x'});
}

TEST_CASE("context: the same settings narrow it in the same way") {
    const auto a = make_ctx();
    const auto b = make_ctx();
    trust(a.get(), certificates().client_ca);
    trust(a.get(), certificates().rsa);
    trust(b.get(), certificates().rsa);
    trust(b.get(), certificates().client_ca);
    const auto before = context_of(a.get());
    CHECK(narrowed(a.get()) == narrowed(b.get()));
    CHECK(context_of(a.get()) != before);
}

TEST_CASE("context: whatever differs makes another one") {
    const auto model = make_ctx();
    trust(model.get(), certificates().client_ca);
    const auto expected = narrowed(model.get());

    const auto check_other = [&](const Ctx& ctx,
                                 const std::vector<long>& settings = {1, 0}) {
        CHECK(narrowed(ctx.get(), settings) != expected);
    };
    const auto same = [] {
        auto ctx = make_ctx();
        trust(ctx.get(), certificates().client_ca);
        return ctx;
    };
    CHECK(narrowed(same().get()) == expected);

    auto ctx = make_ctx("another server");
    trust(ctx.get(), certificates().client_ca);
    check_other(ctx);
    check_other(make_ctx());
    check_other(same(), {2, 0});
    check_other(same(), {1, 1});
    check_other(same(), {10});

    ctx = same();
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    check_other(ctx);
    ctx = same();
    SSL_CTX_set_verify_depth(ctx.get(), 7);
    check_other(ctx);
    ctx = same();
    trust(ctx.get(), certificates().ecdsa);
    check_other(ctx);
}
