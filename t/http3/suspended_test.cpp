// What happens while a QUIC handshake is suspended.

#include "http3/noisy_path.hpp"
#include "http3/quic_nodes.hpp"

#include <csignal>
#include <doctest/doctest.h>

using namespace support;

STORE_TEST_CASE("an HTTP/3 client waits for the store, and others do not") {
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start();
    for (int i = 0; i < 3; ++i) {
        suspension.check_serves();
    }
    CHECK(client.runs());
    store.thaw();
    CHECK(client.finish().reused);
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 handshake becomes a full one at the timeout") {
    Server store;
    QuicSuspension suspension(store, "", "timeout=300ms interval=20");
    auto client = suspension.start();
    const auto visit = client.finish();
    CHECK(visit.protocol == "HTTP/3.0");
    CHECK_FALSE(visit.reused);
    store.thaw();
    REQUIRE(suspension.node().connected(2));
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 handshake becomes a full one when the store goes") {
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start();
    store.kill9();
    const auto visit = client.finish();
    CHECK(visit.protocol == "HTTP/3.0");
    CHECK_FALSE(visit.reused);
    store.start();
    REQUIRE(suspension.node().connected(2));
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 client that repeats itself while suspended") {
    // Its probes come again and again, as nothing answers.
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start({"--initial-rtt=10ms"});
    const auto packets = [&] {
        return suspension.node().nginx().log_count("quic packet rx dcid");
    };
    const auto before = packets();
    REQUIRE(eventually([&] { return packets() >= before + 5; }));
    CHECK(client.runs());
    store.thaw();
    CHECK(client.finish().reused);
    suspension.check_recovers();
}

STORE_TEST_CASE("damaged and repeated packets while suspended") {
    Server store;
    QuicSuspension suspension(store);
    const NoisyPath path(suspension.node().address());
    auto client = suspension.start({"--initial-rtt=10ms"}, path.address());
    const auto damaged = [&] {
        return suspension.node().nginx().log_count(
            "quic packet done rc:-5 level:init decr:0");
    };
    REQUIRE(eventually([&] { return damaged() >= 3; }));
    CHECK(client.runs());
    store.thaw();
    CHECK(client.finish().reused);
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 client that closes while suspended") {
    Server store;
    QuicSuspension suspension(store);
    auto client = suspension.start();
    client.close();
    client.finish();
    CHECK(suspension.node().nginx().wait_log("quic close deferred"));
    // The store is still silent.
    CHECK(wait_suspended(suspension.node(), 0));
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 client that vanishes while suspended") {
    Server store;
    QuicSuspension suspension(store, "client_header_timeout 1s;");
    auto client = suspension.start();
    client.vanish();
    client.finish();
    suspension.check_serves();
    CHECK(suspension.node().idle());
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 client that vanishes, and the store answers") {
    Server store;
    QuicSuspension suspension(store, "client_header_timeout 2s;");
    auto client = suspension.start();
    client.vanish();
    client.finish();
    store.thaw();
    CHECK(wait_suspended(suspension.node(), 0));
    suspension.check_recovers();
}

STORE_TEST_CASE("an HTTP/3 handshake that takes too long is closed") {
    // By two timers of nginx's: that of the handshake, and the idle one.
    for (const auto* timeout :
         {"client_header_timeout 1s;", "keepalive_timeout 1s;"}) {
        CAPTURE(timeout);
        Server store;
        QuicSuspension suspension(store, timeout);
        auto client = suspension.start();
        CHECK(suspension.node().nginx().wait_log("quic close deferred"));
        CHECK(wait_suspended(suspension.node(), 0));
        CHECK(suspension.node().idle());
        client.vanish();
        client.finish();
        suspension.check_recovers();
    }
}

STORE_TEST_CASE("many HTTP/3 handshakes are suspended at a time") {
    Server store;
    Fleet fleet(store, quic_node());
    std::vector<Visit> visits(30);
    for (auto& visit : visits) {
        visit = visit_stored(store, fleet.a);
    }
    store.freeze();
    std::vector<Http3Client> clients;
    clients.reserve(visits.size());
    for (const auto& visit : visits) {
        clients.emplace_back(fleet.b.address(), visit.session);
    }
    REQUIRE(wait_suspended(fleet.b, clients.size()));
    // In turn: some close, some vanish, the others stay.
    for (std::size_t i = 0; i < clients.size(); i += 3) {
        clients[i].close();
        clients[i + 1].vanish();
    }
    CHECK(wait_suspended(fleet.b, clients.size() * 2 / 3));
    CHECK(http3_visit(fleet.b.address()).protocol == "HTTP/3.0");
    store.thaw();
    for (std::size_t i = 2; i < clients.size(); i += 3) {
        CHECK(clients[i].finish().reused);
    }
    CHECK(wait_suspended(fleet.b, 0));
}
