// What clients do while their handshake is suspended.

#include "support/suspension.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig impatient() {
    NodeConfig config;
    config.server = "client_header_timeout 1s;";
    return config;
}

}  // namespace

STORE_TEST_CASE("a client that closes while suspended") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store);
        auto client = suspension.start(options);
        client.socket().close();
        suspension.check_sleeps();
        suspension.check_recovers();
    }
}

STORE_TEST_CASE("a client that resets the connection while suspended") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store);
        auto client = suspension.start(options);
        client.socket().abort();
        suspension.check_sleeps();
        suspension.check_recovers();
    }
}

STORE_TEST_CASE("a client that sends garbage while suspended") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store);
        suspension.node().nginx().expect_damaged_records();
        auto client = suspension.start(options);
        for (int i = 0; i < 10; ++i) {
            client.socket().write(std::string(5000, 'x'));
            suspension.check_serves();
        }
        suspension.check_sleeps();
        store.thaw();
        // nginx refuses what it reads after the ClientHello, and closes.
        client.socket().read_to_end();
        suspension.check_recovers();
    }
}

STORE_TEST_CASE("a client that sends garbage while suspended, and closes") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store);
        auto client = suspension.start(options);
        suspension.node().nginx().expect_damaged_records();
        client.socket().write("garbage");
        suspension.check_serves();
        client.socket().close();
        suspension.check_recovers();
    }
}

STORE_TEST_CASE("a client that is silent for too long is closed by nginx") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store, impatient());
        auto client = suspension.start(options);
        // The store is silent for far longer.
        client.socket().read_to_end();
        CHECK(suspension.node().idle());
        CHECK(suspension.node().nginx().log_count(handshake_timeout()) == 1);
        suspension.check_recovers();
    }
}

STORE_TEST_CASE("many clients that leave in different ways while suspended") {
    Server store;
    Suspension suspension(store);
    std::vector<TlsClient> clients;
    clients.push_back(suspension.start(tls13()));
    store.thaw();
    clients.back().handshake();
    auto options = tls13(exchange(clients.back()).session());
    REQUIRE(wait_stored(store, options.session));
    store.freeze();
    clients.clear();
    for (int i = 0; i < 90; ++i) {
        clients.emplace_back(suspension.node().address(), options);
        CHECK_FALSE(clients.back().step());
    }
    suspension.check_serves();
    for (std::size_t i = 0; i < clients.size(); ++i) {
        switch (i % 3) {
        case 0:
            clients[i].socket().close();
            break;
        case 1:
            clients[i].socket().abort();
            break;
        default:
            break;
        }
    }
    suspension.check_serves();
    store.thaw();
    for (std::size_t i = 2; i < clients.size(); i += 3) {
        clients[i].handshake();
        CHECK(clients[i].reused());
    }
    clients.clear();
    suspension.check_recovers();
}

STORE_TEST_CASE("connections closed while suspended make room for new ones") {
    // nginx reuses the connection objects of those that left.
    Server store;
    Suspension suspension(store);
    auto first = suspension.start(tls12());
    store.thaw();
    first.handshake();
    const auto options = tls12(suspension.node().get(tls12()).session());
    REQUIRE(wait_stored(store, options.session));
    for (int round = 0; round < 20; ++round) {
        store.freeze();
        auto leaves = suspension.start_another(options);
        auto stays = suspension.start_another(options);
        leaves.socket().abort();
        suspension.check_serves();
        store.thaw();
        stays.handshake();
        CHECK(stays.reused());
        CHECK_FALSE(exchange(stays).body().empty());
    }
}

STORE_TEST_CASE("an answer that comes too late goes to nobody else") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store, impatient());
        auto others = options;
        others.session = suspension.node().get(options).session();
        REQUIRE(wait_stored(store, others.session));
        auto leaves = suspension.start(options);
        leaves.socket().read_to_end();
        // Its lookup is still on its way when the next one sets out, and the
        // store answers both.
        auto stays = suspension.start_another(others);
        store.thaw();
        stays.handshake();
        CHECK(stays.reused());
        CHECK_FALSE(exchange(stays).body().empty());
    }
}

STORE_TEST_CASE("handshakes that fail meanwhile do not spoil suspended ones") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Suspension suspension(store);
        auto client = suspension.start(options);
        for (int i = 0; i < 5; ++i) {
            Socket wrong(suspension.node().address());
            wrong.write("\x16\x03\x01" + std::string(1, '\0') + "\x05wrong");
            wrong.read_to_end();
            auto old = tls12();
            old.min_version = old.max_version = TLS1_1_VERSION;
            CHECK_THROWS_AS(suspension.node().get(old), TlsError);
        }
        store.thaw();
        client.handshake();
        CHECK(client.reused());
        CHECK_FALSE(exchange(client).body().empty());
    }
}
