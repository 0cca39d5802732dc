// Sessions grow with the client's certificate, which they hold.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

STORE_TEST_CASE("client certificates survive a resumption") {
    Server store;
    Fleet fleet(store, verifying_clients());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.certificate = &certificates().client;
        const auto made = fleet.a.get(options);
        CHECK(made.body() == certificates().subject + " SUCCESS");
        REQUIRE(wait_stored(store, made.session()));
        // The client no longer shows it, so it has to come from the session.
        options.certificate = nullptr;
        options.session = made.session();
        const auto again = fleet.b.get(options);
        CHECK(again.reused);
        CHECK(again.body() == made.body());
    }
}

STORE_TEST_CASE("sessions beyond nginx's own limit of 4 KiB resume") {
    Server store;
    Fleet fleet(store, verifying_clients());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.certificate = &certificates().large;
        options.session = fleet.make(options);
        const auto key = "ngx_ssl:" + session_id(options.session);
        CHECK(store.get(key).value_or("").size() > 4 * 4096);
        const auto again = fleet.b.get(options);
        CHECK(again.reused);
        CHECK(again.body() == "CN=large SUCCESS");
    }
}

STORE_TEST_CASE("sessions beyond 64 KiB are not stored and do no harm") {
    Server store;
    Fleet fleet(store, verifying_clients());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        store.flush();
        options.certificate = &certificates().huge;
        const auto made = fleet.a.get(options);
        CHECK(made.body() == "CN=huge SUCCESS");
        // An ordinary session after it, on the same connection to the store.
        auto ordinary = options;
        ordinary.certificate = &certificates().client;
        const auto stored = fleet.a.get(ordinary).sessions;
        for (const auto& session : stored) {
            REQUIRE(wait_stored(store, session));
        }
        CHECK(store.keys().size() == std::ssize(stored));
        options.session = made.session();
        const auto again = fleet.b.get(options);
        CHECK_FALSE(again.reused);
        CHECK(again.body() == "CN=huge SUCCESS");
    }
}

STORE_TEST_CASE(
    "many large sessions at once, more than a socket's buffer holds") {
    Server store;
    Fleet fleet(store, verifying_clients());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.certificate = &certificates().large;
        // Sessions to be stored pile up in front of a frozen store, ...
        store.freeze();
        std::vector<Session> sessions;
        for (int i = 0; i < 40; ++i) {
            const auto made = fleet.a.get(options).sessions;
            sessions.insert(sessions.end(), made.begin(), made.end());
        }
        store.thaw();
        for (const auto& session : sessions) {
            REQUIRE(wait_stored(store, session));
        }
        // ... and so do replies.
        store.freeze();
        std::vector<TlsClient> clients;
        clients.reserve(sessions.size());
        for (const auto& session : sessions) {
            options.session = session;
            clients.emplace_back(fleet.b.address(), options);
            CHECK_FALSE(clients.back().step());
        }
        store.thaw();
        CHECK(handshake_all(clients) == clients.size());
        for (auto& client : clients) {
            CHECK(client.reused());
            CHECK(exchange(client).body() == "CN=large SUCCESS");
        }
    }
    CHECK(fleet.a.nginx().log_count("connection lost") == 0);
    CHECK(fleet.b.nginx().log_count("connection lost") == 0);
}
