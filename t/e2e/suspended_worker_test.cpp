// What happens to workers while a handshake is suspended in them.

#include "support/node.hpp"

#include <csignal>
#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig with_main(const std::string& main) {
    NodeConfig config;
    config.nginx.main = main;
    return config;
}

// A handshake at `b`, suspended on the frozen store.
TlsClient suspend(Fleet& fleet, TlsOptions options) {
    options.session = fleet.make(options);
    fleet.store.freeze();
    TlsClient client(fleet.b.address(), options);
    CHECK_FALSE(client.step());
    // nginx accepts connections in turn, so it has accepted the client's.
    CHECK_FALSE(fleet.b.get().body().empty());
    CHECK_FALSE(client.step());
    return client;
}

}  // namespace

STORE_TEST_CASE("a worker that quits finishes its suspended handshakes") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Fleet fleet(store);
        auto client = suspend(fleet, options);
        fleet.b.nginx().signal(SIGQUIT);
        REQUIRE(fleet.b.nginx().wait_log("gracefully shutting down"));
        store.thaw();
        client.handshake();
        CHECK_FALSE(exchange(client).body().empty());
        CHECK(fleet.b.nginx().ended());
    }
}

STORE_TEST_CASE(
    "a worker that quits waits for the store no longer than timeout") {
    Server store;
    Fleet fleet(store, {}, "timeout=500ms");
    auto client = suspend(fleet, tls13());
    fleet.b.nginx().signal(SIGQUIT);
    client.handshake();
    CHECK_FALSE(exchange(client).body().empty());
    CHECK(fleet.b.nginx().ended());
    store.thaw();
}

STORE_TEST_CASE("worker_shutdown_timeout releases suspended handshakes") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Fleet fleet(store, with_main("worker_shutdown_timeout 1s;"));
        auto client = suspend(fleet, options);
        fleet.b.nginx().signal(SIGQUIT);
        // The store is silent for far longer. nginx closes connections in
        // this state only when their handshake has ended.
        client.handshake();
        CHECK_FALSE(client.reused());
        CHECK(fleet.b.nginx().ended());
        store.thaw();
    }
}

STORE_TEST_CASE("a fast stop does not wait for suspended handshakes") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Fleet fleet(store);
        auto client = suspend(fleet, options);
        fleet.b.nginx().signal(SIGTERM);
        CHECK(fleet.b.nginx().ended());
        store.thaw();
    }
}

STORE_TEST_CASE("a reload leaves suspended handshakes to the old worker") {
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        Server store;
        Fleet fleet(store);
        auto client = suspend(fleet, options);
        fleet.b.nginx().reload();
        CHECK_FALSE(fleet.b.get().body().empty());
        CHECK(fleet.b.nginx().log_count("exited with code 0") == 0);
        store.thaw();
        client.handshake();
        CHECK_FALSE(exchange(client).body().empty());
        CHECK(fleet.b.nginx().wait_log("exited with code 0"));
        REQUIRE(fleet.b.connected(2));
        CHECK(fleet.b.get(tls12(fleet.make(tls12()))).reused);
    }
}

TEST_CASE("an idle store does not hold an old worker") {
    RedisServer redis;
    Fleet fleet(redis);
    for (int i = 0; i < 3; ++i) {
        fleet.b.nginx().reload();
        CHECK(eventually([&] {
            return fleet.b.nginx().log_count("exited with code 0") ==
                   static_cast<std::size_t>(i + 1);
        }));
        CHECK(wait_clients(redis, 2));
    }
}

STORE_TEST_CASE("a store that is away does not hold an old worker") {
    Server store;
    store.kill9();
    // Its next attempt to connect would be beyond our patience.
    Node node(directive(store, "interval=1h timeout=1h"), {});
    node.nginx().reload();
    CHECK(node.nginx().wait_log("exited with code 0"));
    node.nginx().signal(SIGQUIT);
    CHECK(node.nginx().ended());
}

STORE_TEST_CASE("a frozen store does not hold an old worker") {
    Server store;
    Node node(directive(store, "interval=20 timeout=1h"), {});
    REQUIRE(node.connected());
    store.freeze();
    node.get();
    node.nginx().signal(SIGQUIT);
    CHECK(node.nginx().ended());
    store.thaw();
}

STORE_TEST_CASE("a worker that follows a killed one resumes as well") {
    Server store;
    Fleet fleet(store);
    fleet.b.nginx().expect_complaint("exited on signal 9");
    const auto session = fleet.make(tls13());
    const auto killed = fleet.b.nginx().workers().at(0);
    kill(killed, SIGKILL);
    REQUIRE(eventually([&] {
        const auto now = fleet.b.nginx().workers();
        return now.size() == 1 && now[0] != killed;
    }));
    REQUIRE(fleet.b.connected(2));
    CHECK(fleet.b.get(tls13(session)).reused);
}

STORE_TEST_CASE("reloads under a load of resumptions") {
    NodeConfig config;
    config.nginx.workers = 2;
    Server store;
    Fleet fleet(store, config);
    const auto session = fleet.make(tls13());
    for (int round = 0; round < 5; ++round) {
        std::vector<TlsClient> clients;
        for (int i = 0; i < 50; ++i) {
            clients.emplace_back(fleet.b.address(), tls13(session));
            clients.back().step();
        }
        fleet.b.nginx().reload();
        CHECK(handshake_all(clients) == clients.size());
        for (auto& client : clients) {
            CHECK_FALSE(exchange(client).body().empty());
        }
    }
}
