// Stateless tickets: off by default, since nobody can look them up.

#include "support/node.hpp"
#include "support/ticket_file.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

bool has_ticket(const Session& session) {
    return SSL_SESSION_has_ticket(session.get()) == 1;
}

// What came before has stored nothing: the only session in the store is one
// that can be looked up.
void check_only_lookups_stored(Fleet& fleet) {
    auto options = tls12();
    options.tickets = false;
    const auto session = fleet.make(options);
    CHECK(fleet.store.keys().size() == 1);
    options.session = session;
    CHECK(fleet.b.get(options).reused);
}

}  // namespace

STORE_TEST_CASE("by default sessions have IDs and no tickets") {
    Server store;
    Fleet fleet(store);
    const auto session = fleet.make(tls12());
    CHECK_FALSE(has_ticket(session));
    CHECK(session_id(session).size() == 64);
    // In TLS 1.3, the so-called ticket is just the session ID.
    CHECK(session_id(fleet.make(tls13())).size() == 64);
}

STORE_TEST_CASE(
    "tickets=keep leaves stateless tickets, and stores none of them") {
    Server store;
    Fleet fleet(store, {}, "tickets=keep timeout=60s");
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.a.get(options).session();
        CHECK(has_ticket(options.session));
        CHECK(fleet.a.get(options).reused);
        CHECK_FALSE(fleet.b.get(options).reused);
    }
    check_only_lookups_stored(fleet);
}

STORE_TEST_CASE("tickets=keep stores sessions where nginx has tickets off") {
    NodeConfig config;
    config.server = "ssl_session_tickets off;";
    Server store;
    Fleet fleet(store, config, "tickets=keep timeout=60s");
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        CHECK(fleet.b.get(options).reused);
    }
}

STORE_TEST_CASE("shared ticket keys keep their tickets, with a warning") {
    const TicketFile key;
    NodeConfig config;
    config.server = key.directive();
    Server store;
    Fleet fleet(store, config);
    CHECK(count_warnings(fleet.a.nginx().log()) == 1);
    CHECK(fleet.a.nginx().log_count("ssl_session_ticket_key") == 1);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.a.get(options).session();
        CHECK(has_ticket(options.session));
        CHECK(fleet.b.get(options).reused);
    }
    check_only_lookups_stored(fleet);
}

STORE_TEST_CASE("shared ticket keys with tickets=keep are no reason to warn") {
    const TicketFile key;
    NodeConfig config;
    config.server = key.directive();
    Server store;
    Fleet fleet(store, config, "tickets=keep timeout=60s");
    CHECK(count_warnings(fleet.a.nginx().log()) == 0);
    auto options = tls13(fleet.a.get(tls13()).session());
    CHECK(fleet.b.get(options).reused);
}
