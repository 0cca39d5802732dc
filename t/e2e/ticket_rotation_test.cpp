// Shared ticket keys change all the time, and no client notices.

#include "support/clocks.hpp"
#include "support/shared_tickets.hpp"
#include "support/tls_load.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// A minute lasts two seconds, so the times in the directive have to be
// longer.
constexpr long long speed = 30;

NodeConfig two_workers() {
    NodeConfig config;
    config.nginx.workers = 2;
    config.server = "ssl_session_timeout 1h;";
    return config;
}

bool has_rotated(const Node& node, int times) {
    const auto figures = node.figures();
    return figures["tickets"]["rotated"].get<int>() >= times;
}

}  // namespace

CLOCKS_TEST_CASE("over ten rotations each client has one full handshake") {
    constexpr int clients = 12;
    const Clocks clocks(0, speed);
    const KeyFiles keys;
    Server store;
    const auto line = directive(
        store, sharing(keys, "a", "rotate=1m timeout=60s interval=6s"));
    Node a(line, two_workers());
    Node b(line, two_workers());
    Node c(line, two_workers());

    TlsLoad load({a.address(), b.address(), c.address()}, clients,
                 [](const Session&) { return true; });
    for (int rotations = 1; rotations <= 10; ++rotations) {
        CAPTURE(rotations);
        // Each of its two workers counts. Node c is never reloaded.
        REQUIRE(eventually([&] { return has_rotated(c, 2 * rotations); }));
        if (rotations % 3 == 0) {
            a.nginx().reload();
        }
        if (rotations % 4 == 0) {
            Node cold(line, two_workers());
            CHECK(cold.get(tls13(c.get(tls13()).session())).reused);
        }
        CHECK(load.goes_on(20));
    }

    const auto tally = load.stop();
    CAPTURE(tally.text());
    CHECK(tally.failed() == 0);
    CHECK(tally.full == clients);
    CHECK(tally.resumed > 10 * clients);
    CHECK(count_sessions(store) == 0);
}

CLOCKS_TEST_CASE("a store that is away for a slot costs no resumption") {
    constexpr int clients = 8;
    const Clocks clocks(0, speed);
    const KeyFiles keys;
    Server store;
    const auto line = directive(
        store, sharing(keys, "a", "rotate=1m timeout=20s interval=6s"));
    Node a(line, two_workers());
    Node b(line, two_workers());
    REQUIRE(a.connected());
    REQUIRE(b.connected());

    TlsLoad load({a.address(), b.address()}, clients,
                 [](const Session&) { return true; });
    REQUIRE(load.resumes());
    store.freeze();
    REQUIRE(eventually([&] { return has_rotated(b, 2); }));
    CHECK(load.goes_on());
    store.thaw();
    REQUIRE(eventually([&] { return has_rotated(b, 6); }));

    const auto tally = load.stop();
    CAPTURE(tally.text());
    CHECK(tally.failed() == 0);
    CHECK(tally.full == clients);
}
