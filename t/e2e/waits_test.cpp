// How long a handshake waits for the store, however much its client offers and
// whichever clock applies.

#include "support/fault_proxy.hpp"
#include "support/key_files.hpp"
#include "support/proxied.hpp"
#include "support/psk_hello.hpp"
#include "support/suspension.hpp"
#include "support/trio.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

using SlowRedis = Proxied<RedisServer, FaultProxy>;

// How often the store was asked, whatever it answered.
int asked(const Node& node) {
    const auto figures = node.figures();
    int sum = 0;
    for (const auto& count : figures["servers"][0]["fetches"]) {
        sum += count.get<int>();
    }
    return sum;
}

// Waits until the server has begun its first flight or has hung up.
void await_answer(const Socket& client) {
    REQUIRE(wait_for(client.fd(), POLLIN, Clock::now() + patience));
}

bool suspended(const Node& node, std::size_t count) {
    return eventually(
        [&] { return node.figures()["suspended"]["now"] == count; });
}

}  // namespace

TEST_CASE("of the sessions that a client offers the first few are asked for") {
    const RedisServer redis;
    Node node(directive(redis), {});
    REQUIRE(node.connected());
    for (const std::size_t count : {1, 2, 20, 900}) {
        CAPTURE(count);
        const int before = asked(node);
        Socket client(node.address());
        client.write(hello_with_sessions(count));
        await_answer(client);
        CHECK(asked(node) - before == std::min<int>(count, 4));
    }
}

TEST_CASE("all waits of a handshake have one timeout together") {
    SlowRedis redis;
    const KeyFiles keys;
    for (const std::size_t sessions : {1, 4}) {
        CAPTURE(sessions);
        // A second wait would only end after the timeout.
        Node node(directive(redis, "timeout=1s " + keys.parameters("abcd")),
                  {});
        REQUIRE(node.connected());
        redis.proxy.set({.delay = Milliseconds{350}});
        Socket client(node.address());
        client.write(hello_with_sessions(sessions));
        await_answer(client);
        CHECK(asked(node) <= 2);
        redis.proxy.heal();
    }
}

TEST_CASE("a client that has closed does not make a handshake wait again") {
    RedisServer redis;
    Node node(directive(redis), {});
    REQUIRE(node.connected());
    redis.freeze();
    Socket client(node.address());
    client.write(hello_with_sessions(4));
    REQUIRE(suspended(node, 1));
    client.close();
    CHECK_FALSE(node.get().body().empty());
    redis.thaw();
    CHECK(node.idle());
    CHECK(asked(node) == 1);
}

TEST_CASE("nginx's own time for a handshake bounds its first step, too") {
    RedisServer redis;
    for (const std::string listen : {"", "deferred", "proxy_protocol"}) {
        CAPTURE(listen);
        NodeConfig config;
        config.listen = listen;
        config.server = "client_header_timeout 1s;";
        Node node(directive(redis), config);
        REQUIRE(node.connected());
        redis.freeze();
        Socket client(node.address());
        if (listen == "proxy_protocol") {
            client.write("PROXY TCP4 192.0.2.7 127.0.0.1 4711 443\r\n");
        }
        client.write(hello_with_sessions(4));
        client.read_to_end();
        CHECK(asked(node) == 1);
        redis.thaw();
    }
}

TEST_CASE("that of stream and mail does, too") {
    RedisServer redis;
    Trio trio(directive(redis),
              {.stream = "ssl_handshake_timeout 1s;", .mail = "timeout 1s;"});
    redis.freeze();
    for (const auto& address : {trio.stream(), trio.mail().at(0).port.address(),
                                trio.mail().at(4).port.address()}) {
        CAPTURE(address.text());
        const int before = asked(trio.node());
        Socket client(address);
        client.write(hello_with_sessions(4));
        client.read_to_end();
        CHECK(asked(trio.node()) - before == 1);
    }
}

TEST_CASE("a worker that is to exit soon does not wait again") {
    RedisServer redis;
    NodeConfig config;
    config.nginx.main = "worker_shutdown_timeout 1s;";
    Node node(directive(redis), config);
    REQUIRE(node.connected());
    redis.freeze();
    Socket client(node.address());
    client.write(hello_with_sessions(4));
    REQUIRE(suspended(node, 1));
    node.nginx().signal(SIGQUIT);
    await_answer(client);
    client.close();
    CHECK(node.nginx().ended());
}

TEST_CASE("a coarse clock does not shorten the timeout") {
    SlowRedis redis;
    NodeConfig config;
    config.nginx.main = "timer_resolution 1s;";
    Node node(directive(redis, "timeout=950"), config);
    REQUIRE(node.connected());
    redis.proxy.set({.delay = Milliseconds{150}});
    for (int i = 0; i < 8; ++i) {
        Socket client(node.address());
        client.write(hello_with_sessions(1));
        await_answer(client);
    }
    const auto fetches = node.figures()["servers"][0]["fetches"];
    CAPTURE(fetches.dump());
    CHECK(fetches["miss"] == 8);
}
