// Corners of TLS that take their own way through a handshake.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Nodes that want a key share other than the one that clients send first.
struct RetryFleet {
    RedisServer redis;
    Fleet fleet{redis, config()};
    TlsOptions options = tls13();

    RetryFleet() {
        options.groups = "X25519:P-384";
        options.session = fleet.make(options);
    }

    static NodeConfig config() {
        NodeConfig config;
        config.server = "ssl_ecdh_curve secp384r1;";
        return config;
    }

    static void check_resumes(TlsClient& client) {
        client.handshake();
        CHECK(client.hello_retry());
        CHECK(client.reused());
        CHECK_FALSE(exchange(client).body().empty());
    }
};

}  // namespace

TEST_CASE("a resumption after a HelloRetryRequest") {
    RetryFleet f;
    TlsClient client(f.fleet.b.address(), f.options);
    f.check_resumes(client);
}

TEST_CASE("a HelloRetryRequest while the store is frozen") {
    RetryFleet f;
    f.redis.freeze();
    TlsClient client(f.fleet.b.address(), f.options);
    CHECK_FALSE(client.step());
    auto fresh = f.options;
    fresh.session = nullptr;
    CHECK_FALSE(f.fleet.b.get(fresh).body().empty());
    CHECK_FALSE(client.step());
    f.redis.thaw();
    f.check_resumes(client);
}

TEST_CASE("early data is accepted at the other node") {
    NodeConfig config;
    config.server = "ssl_early_data on;";
    RedisServer redis;
    Fleet fleet(redis, config);
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n"
                                "Connection: close\r\n\r\n";
    for (const bool frozen : {false, true}) {
        CAPTURE(frozen);
        auto options = tls13(fleet.make(tls13()));
        CHECK(SSL_SESSION_get_max_early_data(options.session.get()) > 0);
        options.early_data = request;
        if (frozen) {
            redis.freeze();
        }
        TlsClient client(fleet.b.address(), options);
        client.step();
        if (frozen) {
            CHECK_FALSE(fleet.b.get(tls13()).body().empty());
            CHECK_FALSE(client.step());
            redis.thaw();
        }
        client.handshake();
        CHECK(client.reused());
        CHECK(client.early_data_accepted());
        CHECK(client.read_some().find("200 OK") != std::string::npos);
        // There is no close_notify if the client's Finished comes late.
        client.socket().read_to_end();
    }
}

TEST_CASE("early data without a session in the store is not accepted") {
    NodeConfig config;
    config.server = "ssl_early_data on;";
    RedisServer redis;
    Fleet fleet(redis, config);
    auto options = tls13(fleet.make(tls13()));
    redis.flush();
    options.early_data = "GET / HTTP/1.0\r\n\r\n";
    TlsClient client(fleet.b.address(), options);
    client.handshake();
    CHECK_FALSE(client.reused());
    CHECK_FALSE(client.early_data_accepted());
    CHECK_FALSE(exchange(client).body().empty());
}

TEST_CASE("a client certificate that a server asks for, and is not given") {
    NodeConfig config;
    config.server = "ssl_verify_client optional; ssl_client_certificate \"" +
                    certificates().client_ca.certificate.string() + "\";";
    config.response = "200 \"$ssl_client_verify\"";
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        const auto visit = fleet.b.get(options);
        CHECK(visit.reused);
        CHECK(visit.body() == "NONE");
    }
}

TEST_CASE("session variables are nginx's own") {
    NodeConfig config;
    config.response = "200 \"$ssl_session_reused $ssl_session_id\"";
    RedisServer redis;
    Fleet fleet(redis, config);
    const auto session = fleet.make(tls12());
    CHECK(fleet.b.get(tls12(session)).body() == "r " + session_id(session));
    CHECK(fleet.b.get(tls13(fleet.make(tls13()))).body().starts_with("r "));
}

TEST_CASE("a handshake that fails for its own reasons") {
    NodeConfig config;
    config.server = "ssl_verify_client on; ssl_client_certificate \"" +
                    certificates().client_ca.certificate.string() + "\";";
    RedisServer redis;
    Fleet fleet(redis, config);
    auto options = tls12();
    // nginx completes the handshake, and answers with 400.
    CHECK(fleet.b.get(options).response.find("400 Bad Request") !=
          std::string::npos);
    options.min_version = options.max_version = TLS1_1_VERSION;
    CHECK_THROWS_AS(fleet.b.get(options), TlsError);
    CHECK(fleet.b.idle());
}

namespace {

// The same handshake message in records of `size` bytes at most.
std::string in_records(const std::string& hello, std::size_t size) {
    std::string records;
    for (std::size_t at = 5; at < hello.size(); at += size) {
        const auto part = hello.substr(at, size);
        records += hello.substr(0, 3);
        records += {static_cast<char>(part.size() >> 8),
                    static_cast<char>(part.size() & 0xff)};
        records += part;
    }
    return records;
}

// The ClientHello arrives in pieces, and nginx sees each before the next.
void check_resumes_by_pieces(const Fleet& fleet, const TlsOptions& options,
                             std::size_t record_size) {
    TlsClient client(fleet.b.address(), options);
    const auto hello = in_records(client.unsent_hello(), record_size);
    for (std::size_t at = 0; at < hello.size(); at += 40) {
        client.socket().write(hello.substr(at, 40));
        // By the time this is served, nginx has seen the piece.
        CHECK_FALSE(fleet.b.get().body().empty());
    }
    client.handshake();
    CHECK(client.reused());
    CHECK_FALSE(exchange(client).body().empty());
}

}  // namespace

TEST_CASE("a ClientHello that comes in pieces") {
    RedisServer redis;
    Fleet fleet(redis);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        check_resumes_by_pieces(fleet, options, 16384);
        check_resumes_by_pieces(fleet, options, 30);
    }
}

TEST_CASE("certificates that are chosen by a variable") {
    const TempDir dir;
    const auto& from = certificates().ecdsa;
    for (const auto& [file, extension] :
         {std::pair(from.certificate, ".crt"), std::pair(from.key, ".key")}) {
        write_file(dir.path() / (std::string("localhost") + extension),
                   read_file(file));
    }
    const KeyPair variable{dir.path() / "$ssl_server_name.crt",
                           dir.path() / "$ssl_server_name.key"};
    NodeConfig config;
    config.certificate = &variable;
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.server_name = "localhost";
        options.session = fleet.make(options);
        const auto visit = fleet.b.get(options);
        CHECK(visit.reused);
        CHECK_FALSE(visit.body().empty());
    }
}

TEST_CASE("a default server that rejects handshakes") {
    if (!has_directive("ssl_reject_handshake")) {
        return;
    }
    const RedisServer redis;
    const auto config = [](const Address& address) {
        NodeConfig named;
        named.name = "named.example";
        NodeConfig node;
        node.http = "server { listen " + address.text() +
                    " ssl default_server; ssl_reject_handshake on;"
                    " ssl_protocols TLSv1.2 TLSv1.3; }" +
                    server_block(named, address);
        return node;
    };
    const ReservedPort first, second;
    Node a(directive(redis), config(first.address()));
    Node b(directive(redis), config(second.address()));
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK_THROWS_AS(get(first.address(), options), TlsError);
        options.server_name = "named.example";
        options.session = get(first.address(), options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(get(second.address(), options).reused);
    }
}

TEST_CASE("the older way to switch TLS on") {
    const RedisServer redis;
    const ReservedPort port;
    auto block = server_block({}, port.address());
    block.replace(block.find(" ssl "), 5, " ");
    block.insert(block.find("server_name"), "ssl on; ");
    NginxConfig probe;
    probe.http = block;
    if (NginxPrefix(probe).test().status != 0) {
        return;  // nginx 1.25 has removed it
    }
    NodeConfig config;
    config.http = block;
    Node node(directive(redis), config);
    REQUIRE(node.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = get(port.address(), options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(get(port.address(), options).reused);
    }
}
