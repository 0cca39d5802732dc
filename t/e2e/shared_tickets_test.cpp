// tickets=shared: stateless tickets that the whole fleet can open.

#include "support/go_client.hpp"
#include "support/shared_tickets.hpp"
#include "support/tls_load.hpp"
#include "support/visit.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Resumes again and again: with TLS 1.2 the same session, with TLS 1.3 each
// new one.
void check_resumes(const Node& node, TlsOptions options, int times) {
    for (int i = 0; i < times; ++i) {
        const auto exchange = node.get(options);
        CHECK(exchange.reused);
        if (options.max_version == TLS1_3_VERSION) {
            options.session = exchange.session();
            CHECK(is_stateless(options.session));
        }
    }
}

NodeConfig telling() {
    NodeConfig config;
    config.response = "200 \"$remote_ssl_session_cache_status\"";
    return config;
}

}  // namespace

STORE_TEST_CASE("shared tickets go from node to node, and nobody is asked") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, telling(), sharing(keys));

    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.a.get(options).session();
        CHECK(is_stateless(options.session));
        const auto before = count_fetches(fleet.b);
        check_resumes(fleet.b, options, 5);
        CHECK(fleet.b.get(options).body() == "TICKET");
        CHECK(count_fetches(fleet.b) == before);
    }
    CHECK(count_sessions(store) == 0);
    // The records of the next slot may already be there. A node erases its seed
    // if another one's was chosen.
    CHECK(eventually([&] {
        return count_records(store, "seed") == count_records(store, "slot");
    }));
}

STORE_TEST_CASE("clients of every library resume with shared tickets") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, {}, sharing(keys));

    for (const auto& client : visiting_clients()) {
        for (const std::string protocol : {"TLSv1.2", "TLSv1.3"}) {
            CAPTURE(client.name);
            CAPTURE(protocol);
            auto visit = client.visit(fleet.a.address(), {false, protocol, ""});
            for (const auto* node : {&fleet.b, &fleet.b, &fleet.a}) {
                visit = client.visit(node->address(), visit);
                CHECK(visit.reused);
            }
        }
    }
    CHECK(count_sessions(store) == 0);
}

STORE_TEST_CASE("Go's clients, who have tickets alone, resume with them") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, {}, sharing(keys));
    const std::vector<Address> way{fleet.a.address(), fleet.b.address(),
                                   fleet.b.address(), fleet.a.address()};
    for (const std::string protocol : {"TLSv1.2", "TLSv1.3"}) {
        CAPTURE(protocol);
        CHECK(go_visits(protocol, way) ==
              std::vector<std::string>{"full", "reused", "reused", "reused"});
    }

    // What the README says about tickets=off.
    Fleet off(store, {}, "timeout=60s " + keys.parameters("a"));
    CHECK(go_visits("TLSv1.2", {off.a.address(), off.a.address()}) ==
          std::vector<std::string>{"full", "full"});
}

STORE_TEST_CASE("a node that has just started opens a fleet's tickets") {
    const KeyFiles keys;
    Server store;
    const auto line = directive(store, sharing(keys));
    Node a(line, {});
    const auto in_12 = a.get(tls12()).session();
    const auto in_13 = a.get(tls13()).session();
    CHECK(is_stateless(in_12));
    CHECK(is_stateless(in_13));

    Node b(line, {});
    CHECK(b.get(tls12(in_12)).reused);
    CHECK(b.get(tls13(in_13)).reused);
    a.nginx().reload();
    CHECK(a.get(tls12(in_12)).reused);
}

STORE_TEST_CASE("a store that is away costs running nodes no resumption") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, telling(), sharing(keys));
    const auto in_12 = fleet.a.get(tls12()).session();
    const auto in_13 = fleet.a.get(tls13()).session();
    REQUIRE(fleet.b.nginx().wait_log("tickets are made with the key"));

    SUBCASE("frozen") {
        store.freeze();
    }
    SUBCASE("dead") {
        store.kill9();
        CHECK(fleet.b.nginx().wait_log("lost"));
    }
    check_resumes(fleet.b, tls12(in_12), 3);
    check_resumes(fleet.b, tls13(in_13), 3);
    check_resumes(fleet.b, tls13(fleet.a.get(tls13()).session()), 3);
    store.thaw();
}

STORE_TEST_CASE("without a store there are no tickets, nor a wait for them") {
    const KeyFiles keys;
    Server store;
    const auto line = directive(store, sharing(keys, "a", "timeout=1s"));
    SUBCASE("frozen") {
        store.freeze();
    }
    SUBCASE("dead") {
        store.kill9();
    }

    Node node(line, {});
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto made = node.get(options);
        CHECK_FALSE(made.reused);
        for (const auto& session : made.sessions) {
            CHECK_FALSE(is_stateless(session));
        }
    }
    CHECK(node.nginx().wait_log("the store tells no ticket key"));
    store.thaw();
}

STORE_TEST_CASE("tickets are made as soon as there is a store") {
    const KeyFiles keys;
    Server store;
    const auto line = directive(store, sharing(keys, "a", "timeout=1s"));
    store.kill9();
    Node node(line, {});
    REQUIRE(node.nginx().wait_log("the store tells no ticket key"));
    store.start();
    REQUIRE(node.connected());
    CHECK(node.nginx().wait_log("tickets are made with the key"));
    CHECK(is_stateless(node.get(tls13()).session()));
    CHECK(is_stateless(node.get(tls12()).session()));
}

STORE_TEST_CASE("a worker's first handshakes wait for its first key") {
    const KeyFiles keys;
    Server store;
    Node node(directive(store, sharing(keys)), {});
    // Nobody has waited for the worker to connect.
    const auto exchange = node.get(tls13());
    CHECK(is_stateless(exchange.session()));
}

STORE_TEST_CASE("what a store has forgotten is put back") {
    const KeyFiles keys;
    Server store;
    const auto line = directive(store, sharing(keys, "a", "rotate=1m"));
    Node a(line, {});
    auto options = tls13(a.get(tls13()).session());
    REQUIRE(is_stateless(options.session));
    store.flush();

    // Node b leaves a seed of its own, and does not know the other one.
    Node b(line, {});
    CHECK(is_stateless(b.get(tls13()).session()));
    CHECK(eventually(
        [&] {
            const auto exchange = b.get(options);
            return exchange.reused;
        },
        Milliseconds{30000}));
    CHECK(a.get(tls13(b.get(tls13()).session())).reused);
}

STORE_TEST_CASE("a TLS 1.3 client that comes to TLS 1.2 costs no request") {
    const KeyFiles keys;
    Server store;
    NodeConfig config;
    config.server = "ssl_protocols TLSv1.2;";
    Node node(directive(store, sharing(keys)), config);
    REQUIRE(node.connected());
    const auto before = count_fetches(node);
    for (int i = 0; i < 5; ++i) {
        auto client = TlsOptions{};  // both protocols, so it sends some ID
        CHECK_FALSE(node.get(client).reused);
    }
    CHECK(count_fetches(node) == before);
}

STORE_TEST_CASE("a client without tickets has its session in the store") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, {}, sharing(keys));
    auto options = tls12();
    options.tickets = false;
    options.session = fleet.a.get(options).session();
    REQUIRE(eventually([&] { return count_sessions(store) == 1; }));
    CHECK(fleet.b.get(options).reused);
}

STORE_TEST_CASE("a session that is too long for a ticket fails no handshake") {
    const KeyFiles keys;
    Server store;
    Fleet fleet(store, verifying_clients(), sharing(keys));
    auto options = tls13();
    options.certificate = &certificates().huge;
    const auto made = fleet.a.get(options);
    CHECK(made.body() == "CN=huge SUCCESS");
    CHECK_FALSE(is_stateless(made.session()));

    options.certificate = &certificates().large;
    options.session = fleet.a.get(options).session();
    CHECK(is_stateless(options.session));
    CHECK(fleet.b.get(options).body() == "CN=large SUCCESS");
}
