// A worker that runs out of connections reuses those of other clients.

#include "support/suspension.hpp"

#include <doctest/doctest.h>

using namespace support;

// nginx reuses no connection that is in its TLS handshake, suspended or not.
STORE_TEST_CASE("suspended handshakes let nginx reuse other connections") {
    Server store;
    NodeConfig config;
    config.nginx.connections = 64;
    Suspension suspension(store, config);
    auto waiting = suspension.start(20);
    std::vector<Socket> idle;
    for (int i = 0; i < 60; ++i) {
        idle.emplace_back(suspension.node().address());
    }
    if (nginx_version() >= Version{1, 19, 7}) {  // older ones do not log it
        REQUIRE(suspension.node().nginx().wait_log("reusing connections"));
    }
    for (int i = 0; i < 8; ++i) {
        suspension.check_serves();
    }
    CHECK(handshake_all(waiting, Milliseconds{0}) == 0);
    idle.clear();
    store.thaw();
    CHECK(handshake_all(waiting) == waiting.size());
    waiting.clear();
    suspension.check_recovers();
}
