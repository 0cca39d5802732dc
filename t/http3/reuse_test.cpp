// A worker that runs out of connections closes others to reuse them.

#include "http3/quic_nodes.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig small_node() {
    NodeConfig config = quic_node();
    config.nginx.connections = 64;
    config.nginx.log_level = "info";
    return config;
}

}  // namespace

STORE_TEST_CASE("suspended HTTP/3 handshakes make room for new clients") {
    Server store;
    Fleet fleet(store, small_node());
    std::vector<Visit> visits(80);
    for (auto& visit : visits) {
        visit = visit_stored(store, fleet.a);
    }
    store.freeze();
    std::vector<Http3Client> waiting;
    for (const auto& visit : visits) {
        waiting.emplace_back(fleet.b.address(), visit.session);
    }
    REQUIRE(fleet.b.nginx().wait_log("reusing connections"));

    int answered = 0;
    for (int i = 0; i < 16; ++i) {
        answered += http3_visit(fleet.b.address()).protocol == "HTTP/3.0";
    }
    CHECK(answered == 16);

    for (auto& client : waiting) {
        client.vanish();
    }
    store.thaw();
    CHECK(wait_suspended(fleet.b, 0));
}
