// How long a session lives, in the store and at the servers.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig with_timeout(const std::string& timeout) {
    NodeConfig config;
    config.server = "ssl_session_timeout " + timeout + ";";
    return config;
}

// The store's clock goes on meanwhile, so this allows for a slow machine.
void check_ttl(const StoreServer& store, const Session& session, int timeout) {
    const auto ttl = store.ttl("ngx_ssl:" + session_id(session));
    CHECK(ttl <= timeout);
    CHECK(ttl > timeout - 30);
}

}  // namespace

STORE_TEST_CASE("a stored session lives as long as its server lets it") {
    const Server store;
    Node brief(directive(store), with_timeout("100s"));
    Node lasting(directive(store), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        for (const auto& session : brief.get(options).sessions) {
            REQUIRE(wait_stored(store, session));
            check_ttl(store, session, 100);
        }
        for (const auto& session : lasting.get(options).sessions) {
            REQUIRE(wait_stored(store, session));
            check_ttl(store, session, 3600);
        }
    }
}

STORE_TEST_CASE("sessions resume elsewhere however long they may live") {
    const Server store;
    for (const std::string timeout : {"40d", "15y", "1000y", "200000000000y"}) {
        CAPTURE(timeout);
        Node a(directive(store), with_timeout(timeout));
        Node b(directive(store), with_timeout(timeout));
        REQUIRE(a.connected());
        REQUIRE(b.connected());
        for (const auto& options : {tls12(), tls13()}) {
            CAPTURE(options.max_version);
            auto again = options;
            const auto session = a.get(options).session();
            REQUIRE(wait_stored(store, session));
            again.session = session;
            CHECK(b.get(again).reused);
        }
    }
}

STORE_TEST_CASE("a resumption prolongs nothing in TLS 1.2") {
    const Server store;
    Node brief(directive(store), with_timeout("100s"));
    Node lasting(directive(store), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    const auto session = brief.get(tls12()).session();
    REQUIRE(wait_stored(store, session));
    CHECK(lasting.get(tls12(session)).reused);
    // This is stored later on the same connection, so whatever the resumption
    // stored has arrived before it.
    const auto later = lasting.get(tls12()).session();
    REQUIRE(wait_stored(store, later));
    check_ttl(store, session, 100);
}

STORE_TEST_CASE(
    "what a resumption in TLS 1.3 stores follows that server's timeout") {
    const Server store;
    Node brief(directive(store), with_timeout("100s"));
    Node lasting(directive(store), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    const auto session = lasting.get(tls13()).session();
    REQUIRE(wait_stored(store, session));
    const auto again = brief.get(tls13(session));
    REQUIRE(again.reused);
    REQUIRE(wait_stored(store, again.session()));
    check_ttl(store, again.session(), 100);
}

STORE_TEST_CASE("an expired session leaves the store and does not resume") {
    Server store;
    Fleet fleet(store, with_timeout("1s"));
    Session session;
    // On a busy machine it may be gone before it can be looked at.
    REQUIRE(eventually([&] {
        session = fleet.a.get(tls12()).session();
        const auto key = "ngx_ssl:" + session_id(session);
        return eventually([&] { return store.exists(key); }, Milliseconds{500});
    }));
    const auto key = "ngx_ssl:" + session_id(session);
    CHECK(eventually([&] { return !store.exists(key); }));
    CHECK_FALSE(fleet.b.get(tls12(session)).reused);
}

STORE_TEST_CASE(
    "an expired session does not resume though a store still has it") {
    Server store;
    Fleet fleet(store, with_timeout("2s"));
    Session session;
    std::optional<std::string> value;
    // As above.
    REQUIRE(eventually([&] {
        session = fleet.a.get(tls12()).session();
        wait_stored(store, session);
        value = store.get("ngx_ssl:" + session_id(session));
        return value.has_value();
    }));
    store.set("ngx_ssl:" + session_id(session), *value);
    CHECK(eventually([&] { return !fleet.b.get(tls12(session)).reused; }));
}

STORE_TEST_CASE(
    "a server's shorter timeout rules what it takes from the store") {
    const Server store;
    Node brief(directive(store), with_timeout("1s"));
    Node lasting(directive(store), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    const auto session = lasting.get(tls12()).session();
    REQUIRE(wait_stored(store, session));
    CHECK(eventually([&] { return !brief.get(tls12(session)).reused; }));
    CHECK(lasting.get(tls12(session)).reused);
}
