// Sessions that must not go from one server to another, because a resumption
// skips the check of the client's certificate.

#include "support/node.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace support;

namespace {

std::string quoted(const std::filesystem::path& path) {
    return '"' + path.string() + '"';
}

// A server that verifies clients' certificates, with `more` directives.
NodeConfig verifying(const std::string& more = "",
                     const std::string& mode = "on") {
    NodeConfig config;
    config.server = "ssl_verify_client " + mode + "; ssl_client_certificate " +
                    quoted(certificates().client_ca.certificate) + "; " + more;
    config.response = "200 \"$ssl_client_verify $ssl_client_s_dn\"";
    return config;
}

TlsOptions as_client(TlsOptions options) {
    options.certificate = &certificates().client;
    return options;
}

// Makes a session at `a` with a client certificate, and offers it at `b`
// without one.
Exchange carried_over(const StoreServer& store, const Node& a, const Node& b,
                      const TlsOptions& options) {
    const auto made = a.get(as_client(options)).session();
    REQUIRE(wait_stored(store, made));
    auto back = options;
    back.session = made;
    return b.get(back);
}

void check_isolated(const NodeConfig& config_of_a,
                    const NodeConfig& config_of_b) {
    const RedisServer store;
    Node a(directive(store), config_of_a);
    Node b(directive(store), config_of_b);
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK_FALSE(carried_over(store, a, b, options).reused);
        CHECK(carried_over(store, a, a, options).reused);
    }
    CHECK(b.nginx().wait_log("stored session is not used: another session ID "
                             "context"));
}

}  // namespace

TEST_CASE("isolation: nodes that verify clients alike share sessions") {
    const RedisServer store;
    Node a(directive(store), verifying("ssl_verify_depth 2;"));
    Node b(directive(store), verifying("ssl_verify_depth 2;"));
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto visit = carried_over(store, a, b, options);
        CHECK(visit.reused);
        CHECK(visit.body() == "SUCCESS " + certificates().subject);
    }
}

TEST_CASE("isolation: a server that verifies, and one that does not") {
    check_isolated(NodeConfig{}, verifying());
    check_isolated(verifying(), NodeConfig{});
}

TEST_CASE("isolation: certificates that are optional, required, any") {
    check_isolated(verifying("", "optional"), verifying("", "on"));
    check_isolated(verifying("", "optional_no_ca"), verifying("", "on"));
}

TEST_CASE("isolation: another depth") {
    check_isolated(verifying("ssl_verify_depth 1;"),
                   verifying("ssl_verify_depth 2;"));
}

TEST_CASE("isolation: other trusted certificates, of the same client CAs") {
    check_isolated(verifying("ssl_trusted_certificate " +
                             quoted(certificates().rsa.certificate) + ";"),
                   verifying());
}

TEST_CASE("isolation: another server certificate") {
    NodeConfig other;
    other.certificate = &certificates().rsa;
    check_isolated(NodeConfig{}, other);
}

TEST_CASE("isolation: another list of revoked certificates") {
    check_isolated(verifying(),
                   verifying("ssl_crl " + quoted(certificates().crl) + ";"));
}

namespace {

// Two named servers on one address: the second one only admits clients of
// another CA.
NodeConfig two_names(const Address& address) {
    NodeConfig first = verifying();
    first.name = "first.example";
    NodeConfig second = first;
    second.name = "second.example";
    second.server = "ssl_verify_client on; ssl_client_certificate " +
                    quoted(certificates().rsa.certificate) + ";";
    NodeConfig config;
    config.http = server_block(first, address) + server_block(second, address);
    return config;
}

bool is_let_in_as_second(const Address& address, TlsOptions options,
                         const Session& session) {
    options.server_name = "second.example";
    options.session = session;
    try {
        return get(address, options).response.starts_with("HTTP/1.1 200");
    } catch (const TlsError&) {
        return false;  // the handshake was refused
    }
}

// Whether this nginx has the flaw even without the module.
bool is_let_in_without_module(TlsOptions options) {
    const ReservedPort port;
    NodeConfig config = two_names(port.address());
    config.nginx.load_module = false;
    const Node node("ssl_session_cache shared:S:1m; ssl_session_tickets off;",
                    config);
    options.server_name = "first.example";
    const auto made = get(port.address(), as_client(options)).session();
    return is_let_in_as_second(port.address(), options, made);
}

}  // namespace

// CVE-2025-23419: a client of the first server's CA resumes its session with
// the name of the second.
TEST_CASE("isolation: a name's client is no client of another name") {
    const RedisServer store;
    const ReservedPort port_of_a;
    const ReservedPort port_of_b;
    Node a(directive(store), two_names(port_of_a.address()));
    Node b(directive(store), two_names(port_of_b.address()));
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.server_name = "first.example";
        const auto made = get(port_of_a.address(), as_client(options));
        CHECK(made.body() == "SUCCESS " + certificates().subject);
        REQUIRE(wait_stored(store, made.session()));
        options.session = made.session();
        CHECK(get(port_of_b.address(), options).reused);

        if (is_let_in_without_module(options)) {
            MESSAGE("this nginx has CVE-2025-23419");
            continue;
        }
        for (const auto* port : {&port_of_a, &port_of_b}) {
            CHECK_FALSE(
                is_let_in_as_second(port->address(), options, made.session()));
        }
    }
}
