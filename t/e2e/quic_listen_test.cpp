// Servers that also listen with QUIC, or only with QUIC. What HTTP/3 clients
// see is in t/http3, because it takes a patched nginx.

#include "support/gnutls_client.hpp"
#include "support/http3_client.hpp"
#include "support/shared_tickets.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

bool knows_quic() {
    static const bool knows =
        run({"nginx", "-V"}).output.find("http_v3_module") != std::string::npos;
    return knows;
}

bool patched() {
    static const bool found =
        read_file(find_program("nginx")).find("ngx_quic_steps") !=
        std::string::npos;
    return found;
}

bool has_http3_client() {
    return run({"sh", "-c", "command -v gtlsclient"}).status == 0;
}

// A server for HTTP/3 clients, with these `listen` directives.
std::string server_of_http3(const std::string& name, const std::string& listens,
                            const std::string& more = "") {
    const auto& certificate = certificates().ecdsa;
    return "server { " + listens + " server_name " + name +
           "; ssl_certificate \"" + certificate.certificate.string() +
           "\"; ssl_certificate_key \"" + certificate.key.string() +
           "\"; return " + http3_response + "; " + more + " }\n";
}

std::string listen(const ReservedPort& port, const std::string& how) {
    return "listen " + port.address().text() + " " + how + ";";
}

// A node whose own server has the directive off.
NodeConfig with_servers(const std::string& http) {
    NodeConfig config;
    config.server = "remote_ssl_session_cache off;";
    config.http = http;
    return config;
}

void check_keeps_sessions(const Address& address) {
    const auto made = http3_visit(address);
    CHECK(made.protocol == "HTTP/3.0");
    CHECK(http3_visit(address, made).reused);
}

constexpr const char* left_alone = "which listens with QUIC only";

}  // namespace

TEST_CASE("a server that listens with QUIC, too" *
          doctest::skip(!knows_quic())) {
    NodeConfig config;
    config.quic = true;
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
    }
    CHECK((fleet.a.nginx().log_count("does not look sessions up for QUIC") >
           0) == !patched());
    CHECK(fleet.a.nginx().log_count(left_alone) == 0);
}

TEST_CASE("servers that listen with QUIC alone keep what nginx gives them" *
          doctest::skip(!knows_quic() || patched() || !has_http3_client())) {
    RedisServer redis;
    const ReservedPort quic, plain;
    for (const std::string cache : {"", "ssl_session_cache builtin;"}) {
        for (const auto& more : {std::string(), listen(plain, "")}) {
            CAPTURE(cache);
            CAPTURE(more);
            const Node node(with_servers(
                directive(redis) + cache +
                server_of_http3("first.test", listen(quic, "quic") + more) +
                server_of_http3("second.test", listen(quic, "quic"))));
            check_keeps_sessions(quic.address());
            CHECK(redis.keys().empty());
            CHECK(node.nginx().log_count(left_alone) == 1);
            CHECK(node.nginx().log_count("and 1 other, which") == 1);
            CHECK(count_warnings(node.nginx().log()) == 1);
        }
    }
}

// From nginx 1.29.2 on, it also decides about sessions over TCP.
TEST_CASE("a server that is the default one with QUIC alone keeps its tickets" *
          doctest::skip(!knows_quic() || patched() || !has_http3_client())) {
    const bool left = !has_sni_before_session();
    RedisServer redis;
    const ReservedPort tcp, quic;
    const Node node(with_servers(
        directive(redis) + server_of_http3("first.test", listen(tcp, "ssl")) +
        server_of_http3("second.test",
                        listen(tcp, "ssl") + listen(quic, "quic"))));
    if (left) {
        check_keeps_sessions(quic.address());
        CHECK(redis.keys().empty());
    }
    CHECK(node.nginx().log_count(left_alone) == (left ? 1 : 0));
    CHECK(node.nginx().log_count("for QUIC on") == (left ? 0 : 1));
    CHECK(count_warnings(node.nginx().log()) == 1);
    CHECK(wait_stored(redis, get(tcp.address(), tls13()).session()));
}

TEST_CASE("servers with QUIC alone do not keep others from the store" *
          doctest::skip(!knows_quic() || patched() || !has_http3_client())) {
    RedisServer redis;
    const ReservedPort quic;
    const Node node(directive(redis) +
                        server_of_http3("quic.test", listen(quic, "quic")),
                    {});
    for (auto options : {tls12(), tls13()}) {
        options.session = node.get(options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(node.get(options).reused);
    }
    const auto stored = redis.keys().size();
    check_keeps_sessions(quic.address());
    CHECK(redis.keys().size() == stored);
}

// Patched or not, because no store has to be asked.
TEST_CASE("shared tickets resume HTTP/3 across nodes, and to and from TCP" *
          doctest::skip(!knows_quic() || !has_http3_client())) {
    const KeyFiles keys;
    RedisServer redis;
    NodeConfig config;
    config.quic = true;
    config.response = http3_response;
    // A session is bound to one hash function, and the clients prefer
    // different ones.
    config.server = "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;";
    Fleet fleet(redis, config, sharing(keys));
    CHECK(count_warnings(fleet.a.nginx().log()) == 0);

    const auto& a = fleet.a.address();
    const auto& b = fleet.b.address();
    auto visit = http3_visit(a);
    CHECK(visit.protocol == "HTTP/3.0");
    for (const auto* address : {&b, &b, &a}) {
        visit = http3_visit(*address, visit);
        CHECK(visit.reused);
    }
    visit.protocol = "TLSv1.3";
    visit = gnutls_visit(b, visit);
    CHECK(visit.reused);
    CHECK(http3_visit(a, visit).reused);
    CHECK(count_sessions(redis) == 0);

    // A node that does not have this ticket's key yet has it for the next one.
    Node later(directive(redis, sharing(keys)), config);
    CHECK(
        eventually([&] { return http3_visit(later.address(), visit).reused; }));
}

TEST_CASE("a server with QUIC alone shares its tickets" *
          doctest::skip(!knows_quic() || !has_http3_client())) {
    const KeyFiles keys;
    RedisServer redis;
    const ReservedPort one, other;
    const auto line = directive(redis, sharing(keys));
    const Node a(
        with_servers(line + server_of_http3("quic.test", listen(one, "quic"))));
    const Node b(with_servers(
        line + server_of_http3("quic.test", listen(other, "quic"))));
    CHECK(count_warnings(a.nginx().log()) == 0);
    REQUIRE(eventually([&] { return count_records(redis, "slot") > 0; }));
    CHECK(eventually([&] {
        const auto made = http3_visit(one.address());
        return http3_visit(other.address(), made).reused;
    }));
}
