// The session ID context of an SSL_CTX: how it is found and combined with
// others.

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

Digest verification(SSL_CTX* ctx, const std::vector<long>& settings = {1, 0}) {
    const auto digest = verification_of(ctx, settings);
    CHECK(ERR_peek_error() == 0);
    return digest;
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

TEST_CASE("context: it is found out where no protocol can be used") {
    const auto no_options = make_ctx("x");
    SSL_CTX_set_options(no_options.get(), SSL_OP_NO_SSL_MASK);
    CHECK(context_of(no_options.get()) == Context{'x'});

    const auto no_range = make_ctx("x");
    REQUIRE(SSL_CTX_set_min_proto_version(no_range.get(), TLS1_3_VERSION) == 1);
    REQUIRE(SSL_CTX_set_max_proto_version(no_range.get(), TLS1_2_VERSION) == 1);
    CHECK(context_of(no_range.get()) == Context{'x'});

    const auto hole = make_ctx("x");
    SSL_CTX_set_options(hole.get(), SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3);
    REQUIRE(SSL_CTX_set_min_proto_version(hole.get(), TLS1_2_VERSION) == 1);
    CHECK(context_of(hole.get()) == Context{'x'});
    CHECK(ERR_peek_error() == 0);
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

TEST_CASE("verification: the same settings are the same in any order") {
    const auto a = make_ctx();
    const auto b = make_ctx();
    trust(a.get(), certificates().client_ca);
    trust(a.get(), certificates().rsa);
    trust(b.get(), certificates().rsa);
    trust(b.get(), certificates().client_ca);
    CHECK(verification(a.get()) == verification(b.get()));
}

TEST_CASE("verification: the server's own certificate is no part of it") {
    const auto ctx = make_ctx();
    trust(ctx.get(), certificates().client_ca);
    const auto before = verification(ctx.get());
    REQUIRE(SSL_CTX_use_certificate_file(ctx.get(),
                                         certificates().rsa.certificate.c_str(),
                                         SSL_FILETYPE_PEM) == 1);
    CHECK(verification(ctx.get()) == before);
}

TEST_CASE("verification: whatever differs makes another one") {
    const auto same = [] {
        auto ctx = make_ctx();
        trust(ctx.get(), certificates().client_ca);
        return ctx;
    };
    const auto expected = verification(same().get());
    CHECK(verification(same().get()) == expected);

    CHECK(verification(make_ctx().get()) != expected);
    CHECK(verification(same().get(), {2, 0}) != expected);
    CHECK(verification(same().get(), {1, 1}) != expected);
    CHECK(verification(same().get(), {10}) != expected);

    auto ctx = same();
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    CHECK(verification(ctx.get()) != expected);
    ctx = same();
    SSL_CTX_set_verify_depth(ctx.get(), 7);
    CHECK(verification(ctx.get()) != expected);
    ctx = same();
    trust(ctx.get(), certificates().ecdsa);
    CHECK(verification(ctx.get()) != expected);
    ctx = same();
    REQUIRE(SSL_CTX_load_verify_file(ctx.get(), certificates().crl.c_str()) ==
            1);
    CHECK(verification(ctx.get()) != expected);
}

TEST_CASE("verification: a server without an SSL_CTX has its settings") {
    CHECK(verification(nullptr, {1, 0}) == verification(nullptr, {1, 0}));
    CHECK(verification(nullptr, {1, 0}) != verification(nullptr, {2, 0}));
    CHECK(verification(nullptr) != verification(make_ctx().get()));
}

TEST_CASE("context: servers that are alike make the same joint one") {
    const Context own{'x'};
    const Digest a{1}, b{2};
    Company first, second;
    first.verifications = {a, b};
    second.verifications = {b, a};
    CHECK(joint_context(own, first) == joint_context(own, second));
    CHECK(joint_context(own, first).size() == SSL_MAX_SID_CTX_LENGTH);
}

TEST_CASE("context: whatever differs makes another joint one") {
    const Context own{'x'};
    const Digest a{1}, b{2};
    const std::vector<Context> all = {
        joint_context(own, {}),
        joint_context({'y'}, {}),
        joint_context(own, {{a}, {}}),
        joint_context(own, {{b}, {}}),
        joint_context(own, {{a, b}, {}}),
        joint_context(own, {{}, {{'y'}}}),
        joint_context(own, {{}, {{'y'}, {'z'}}}),
        joint_context(own, {{}, {{'y', 'z'}}}),
        joint_context(own, {{}, {Context(a.begin(), a.end())}}),
    };
    const std::set<Context> different(all.begin(), all.end());
    CHECK(different.size() == all.size());
    CHECK_FALSE(different.contains(own));
}
