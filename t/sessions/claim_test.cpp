// The name of a flight of early data: no other has it, whatever the keys.

#include "sessions/claim.hpp"
#include "support/tls_pair.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace session_cache;

namespace {

// The name for a connection whose session has this context.
std::string name(std::string_view prefix, const std::string& context) {
    const Owned<SSL_CTX, SSL_CTX_free> ctx(SSL_CTX_new(TLS_server_method()));
    const Owned<SSL, SSL_free> ssl(SSL_new(ctx.get()));
    const Owned<SSL_SESSION, SSL_SESSION_free> session(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION);
    SSL_SESSION_set1_id_context(
        session.get(), reinterpret_cast<const unsigned char*>(context.data()),
        static_cast<unsigned>(context.size()));
    REQUIRE(SSL_set_session(ssl.get(), session.get()) == 1);
    return claim_name(prefix, ssl.get());
}

}  // namespace

// SHA-256 of 32 zero bytes, which stand for the random before there is one,
// and of the context.
TEST_CASE("claim: its name, as computed elsewhere") {
    CHECK(name("ngx_ssl:", "") ==
          "ngx_ssl:early:"
          "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
    CHECK(name("x", "context") ==
          "xearly:"
          "306c5911f0a5d91a79c158dab8516e369767d3ef1c1cdcf8f3bfab2f17985f27");
}

TEST_CASE("claim: with each context another name") {
    std::set<std::string> names;
    for (const std::string context : {"", "a", "b", "ab"}) {
        names.insert(name("p", context));
    }
    CHECK(names.size() == 4);
}
