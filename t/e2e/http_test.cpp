// What nginx does with HTTP around a handshake that the module handles.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// An HTTP/2 frame on stream 1, or on stream 0 for SETTINGS.
std::string frame(char type, char flags, const std::string& payload) {
    const char stream = type == 4 ? 0 : 1;
    std::string text{
        0, 0, static_cast<char>(payload.size()), type, flags, 0, 0, 0, stream};
    return text + payload;
}

// SETTINGS, then GET https / in HPACK's static table.
const std::string http2_request =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, "") +
    frame(1, 5, std::string("\x82\x87\x84\x41\x09") + "localhost");

// The payload of the first DATA frame; throws at the end of the connection.
std::string http2_body(TlsClient& client) {
    std::string input;
    const auto byte = [&](std::size_t at) {
        return static_cast<unsigned char>(input[at]);
    };
    while (true) {
        while (input.size() >= 9) {
            const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
            if (input.size() < 9 + size) {
                break;
            }
            if (byte(3) == 0) {
                return input.substr(9, size);
            }
            input.erase(0, 9 + size);
        }
        const auto more = client.read_some();
        if (more.empty()) {
            throw TlsError("no HTTP/2 response");
        }
        input += more;
    }
}

}  // namespace

TEST_CASE("plain HTTP to the TLS port gets nginx's own answer") {
    RedisServer redis;
    Fleet fleet(redis);
    for (int i = 0; i < 3; ++i) {
        Socket plain(fleet.b.address());
        plain.write("GET / HTTP/1.0\r\n\r\n");
        const auto response = plain.read_to_end();
        CHECK(contains(response, "400 Bad Request"));
        CHECK(contains(response, "The plain HTTP request was sent to HTTPS"));
    }
    CHECK(fleet.b.idle());
    CHECK(fleet.b.get(tls13(fleet.make(tls13()))).reused);
}

TEST_CASE("clients that come and go without a handshake") {
    RedisServer redis;
    Fleet fleet(redis);
    for (const auto& data :
         {std::string(), std::string("\x16\x03\x01"),
          std::string("\x16\x03\x01\x02\x00", 5), std::string(1000, '\x16'),
          std::string("\x80\x2e\x01\x03\x01"), std::string("\0\0\0", 3)}) {
        Socket closes(fleet.b.address());
        closes.write(data);
        closes.close();
        Socket aborts(fleet.b.address());
        aborts.write(data);
        aborts.abort();
    }
    CHECK(fleet.b.idle());
    CHECK(fleet.b.get(tls13(fleet.make(tls13()))).reused);
}

TEST_CASE("a client that never speaks times out as usual") {
    NodeConfig config;
    config.server = "client_header_timeout 1s;";
    RedisServer redis;
    Fleet fleet(redis, config);
    Socket silent(fleet.b.address());
    Socket half(fleet.b.address());
    half.write("\x16\x03\x01");
    CHECK(silent.read_to_end() == "");
    CHECK(half.read_to_end() == "");
    CHECK(fleet.b.idle());
}

TEST_CASE("silent clients make room when connections run out") {
    NodeConfig config;
    config.nginx.connections = 30;
    RedisServer redis;
    Fleet fleet(redis, config);
    const auto session = fleet.make(tls13());
    std::vector<Socket> silent;
    silent.reserve(60);
    for (int i = 0; i < 60; ++i) {
        silent.emplace_back(fleet.b.address());
    }
    // nginx closes those that have waited longest.
    CHECK(fleet.b.get(tls13(session)).reused);
    CHECK(silent.front().read_to_end() == "");
    if (nginx_version() >= Version{1, 19, 10}) {
        CHECK(fleet.b.nginx().log_count("reusing connections") > 0);
    }
    silent.clear();
    CHECK(fleet.b.idle());
}

TEST_CASE("the PROXY protocol") {
    NodeConfig config;
    config.listen = "proxy_protocol";
    config.response = "200 \"$proxy_protocol_addr $ssl_session_reused\"";
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.preamble = "PROXY TCP4 192.0.2.7 127.0.0.1 4711 443\r\n";
        options.session = fleet.make(options);
        const auto visit = fleet.b.get(options);
        CHECK(visit.reused);
        CHECK(visit.body() == "192.0.2.7 r");
    }
    Socket without(fleet.b.address());
    without.write("GET / HTTP/1.0\r\n\r\n");
    without.read_to_end();
    CHECK(fleet.b.nginx().wait_log("broken header"));
    CHECK(fleet.b.idle());
}

TEST_CASE("HTTP/2") {
    NodeConfig config;
    config.listen = "http2";
    config.response = "200 \"$server_protocol $ssl_session_reused "
                      "$remote_ssl_session_cache_status\"";
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.alpn = {"h2", "http/1.1"};
        const auto visit = [&](const Node& node) {
            TlsClient client(node.address(), options);
            client.handshake();
            CHECK(client.alpn() == "h2");
            client.write(http2_request);
            auto body = http2_body(client);
            if (!options.session) {
                options.session = client.session();
            }
            if (minds_unexpected_eof()) {
                client.shut_down();
            }
            return body;
        };
        CHECK(visit(fleet.a) == "HTTP/2.0 . -");
        REQUIRE(wait_stored(redis, options.session));
        CHECK(visit(fleet.b) == "HTTP/2.0 r HIT");
    }
}

TEST_CASE("HTTP/1.1 with ALPN on a port that speaks HTTP/2") {
    NodeConfig config;
    config.listen = "http2";
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.alpn = {"http/1.1"};
        options.session = fleet.make(options);
        const auto visit = fleet.b.get(options);
        CHECK(visit.reused);
        CHECK_FALSE(visit.body().empty());
    }
}

TEST_CASE("several requests on one connection") {
    RedisServer redis;
    Fleet fleet(redis);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        TlsClient client(fleet.b.address(), options);
        client.handshake();
        CHECK(client.reused());
        for (int i = 0; i < 3; ++i) {
            client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            CHECK(contains(client.read_some(), "200 OK"));
        }
        CHECK_FALSE(exchange(client).body().empty());
    }
}

TEST_CASE("a server that upstreams over TLS is not in its own way") {
    // As a client, nginx has sessions, too. Those do not concern the module.
    NodeConfig config;
    RedisServer redis;
    Fleet fleet(redis, config);
    const ReservedPort port;
    NodeConfig front;
    front.http = "server { listen " + port.address().text() +
                 "; location / { proxy_pass https://" +
                 fleet.b.address().text() + "; } }";
    Node proxy(directive(redis), front);
    REQUIRE(proxy.connected());
    for (int i = 0; i < 5; ++i) {
        Socket plain(port.address());
        plain.write("GET / HTTP/1.0\r\n\r\n");
        CHECK(contains(plain.read_to_end(), "200 OK"));
    }
}
