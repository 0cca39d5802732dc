// What resumes where: nodes, workers, reloads, restarts, shared sessions.

#include "support/node.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <optional>
#include <set>

using namespace support;

STORE_TEST_CASE("a session resumes at the other node and at its own") {
    Server store;
    Fleet fleet(store);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
        CHECK(fleet.a.get(options).reused);
        CHECK(fleet.b.get(options).reused);
    }
}

STORE_TEST_CASE("what a resumption in TLS 1.3 brings can be resumed in turn") {
    Server store;
    Fleet fleet(store);
    auto session = fleet.make(tls13());
    for (const auto* node : {&fleet.b, &fleet.a, &fleet.b}) {
        const auto again = node->get(tls13(session));
        CHECK(again.reused);
        REQUIRE(session_id(again.session()) != session_id(session));
        session = again.session();
        REQUIRE(wait_stored(store, session));
    }
}

STORE_TEST_CASE("either session of one TLS 1.3 handshake resumes") {
    Server store;
    Fleet fleet(store);
    const auto made = fleet.a.get(tls13());
    REQUIRE(made.sessions.size() == 2);
    for (const auto& session : made.sessions) {
        REQUIRE(wait_stored(store, session));
        CHECK(fleet.b.get(tls13(session)).reused);
    }
}

STORE_TEST_CASE("every worker resumes") {
    NodeConfig config;
    config.nginx.workers = 2;
    // Each worker then has a listening socket of its own, and its share.
    config.listen = "reuseport";
    Server store;
    Fleet fleet(store, config);
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        auto again = options;
        again.session = fleet.make(options);
        std::set<std::string> workers;
        const bool all = eventually([&] {
            const auto visit = fleet.b.get(again);
            CHECK(visit.reused);
            workers.insert(visit.body());
            return workers.size() == 2;
        });
        CHECK(all);
    }
}

STORE_TEST_CASE("a reload in between changes nothing") {
    NodeConfig config;
    config.nginx.workers = 2;
    Server store;
    Fleet fleet(store, config);
    std::size_t starts = 1;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        fleet.a.nginx().reload();
        fleet.b.nginx().reload();
        ++starts;
        REQUIRE(fleet.a.connected(starts));
        REQUIRE(fleet.b.connected(starts));
        CHECK(fleet.b.get(options).reused);
        CHECK(fleet.a.get(options).reused);
    }
}

STORE_TEST_CASE("a restart of the node in between changes nothing") {
    const Server store;
    std::optional<Node> node;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        node.emplace(directive(store), NodeConfig{});
        REQUIRE(node->connected());
        options.session = node->get(options).session();
        REQUIRE(wait_stored(store, options.session));
        node.reset();
        node.emplace(directive(store), NodeConfig{});
        REQUIRE(node->connected());
        CHECK(node->get(options).reused);
        node.reset();
    }
}

STORE_TEST_CASE("one session serves several connections at once") {
    Server store;
    Fleet fleet(store);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        std::vector<TlsClient> clients;
        clients.reserve(40);
        for (int i = 0; i < 40; ++i) {
            clients.emplace_back((i % 2 ? fleet.a : fleet.b).address(),
                                 options);
        }
        CHECK(handshake_all(clients) == clients.size());
        for (auto& client : clients) {
            CHECK(exchange(client).reused);
        }
    }
}

STORE_TEST_CASE("an unknown session leads to a full handshake") {
    Server store;
    Fleet fleet(store);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        store.flush();
        const auto visit = fleet.b.get(options);
        CHECK_FALSE(visit.reused);
        // The new session is as good as any other.
        options.session = visit.session();
        REQUIRE(wait_stored(store, options.session));
        CHECK(fleet.a.get(options).reused);
    }
}

STORE_TEST_CASE("nodes with different certificates do not share sessions") {
    const Server store;
    NodeConfig config;
    Node ecdsa(directive(store), config);
    config.certificate = &certificates().rsa;
    Node rsa(directive(store), config);
    REQUIRE(ecdsa.connected());
    REQUIRE(rsa.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = rsa.get(options).session();
        REQUIRE(wait_stored(store, options.session));
        CHECK_FALSE(ecdsa.get(options).reused);
        CHECK(rsa.get(options).reused);
    }
}

STORE_TEST_CASE("a session of one protocol is no session of the other") {
    Server store;
    Fleet fleet(store);
    // Both protocols are offered, with a session of the lower one.
    TlsOptions options;
    options.session = fleet.make(tls12());
    const auto visit = fleet.b.get(options);
    CHECK(visit.version == TLS1_3_VERSION);
    CHECK_FALSE(visit.reused);
}
