// Sessions of three TLS libraries' clients, from either node to the other.

#include "support/node.hpp"
#include "support/visit.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Full at the first node, then resumed at the other, there again, and back.
void roam(Fleet& fleet, const VisitingClient& client,
          const std::string& protocol, const Node& first, const Node& second) {
    fleet.store.flush();
    Visit visit{false, protocol, ""};
    visit = client.visit(first.address(), visit);
    CHECK_FALSE(visit.reused);
    CHECK(visit.protocol == protocol);
    // OpenSSL servers make one session in a TLS 1.2 handshake, two in a full
    // one of TLS 1.3, and one more in each resumption there.
    std::size_t made = protocol == "TLSv1.2" ? 1 : 2;
    for (const auto* node : {&second, &second, &first}) {
        // Only what has arrived in the store is there for others.
        REQUIRE(eventually([&] { return fleet.store.keys().size() >= made; }));
        visit = client.visit(node->address(), visit);
        CHECK(visit.reused);
        CHECK(visit.protocol == protocol);
        made += protocol == "TLSv1.3";
    }
    // None of these may be taken for one of the next visits'.
    CHECK(eventually([&] { return fleet.store.keys().size() >= made; }));
}

}  // namespace

STORE_TEST_CASE("clients of every library resume across nodes") {
    Server store;
    Fleet fleet(store);
    for (const auto& client : visiting_clients()) {
        for (const std::string protocol : {"TLSv1.2", "TLSv1.3"}) {
            CAPTURE(client.name);
            CAPTURE(protocol);
            roam(fleet, client, protocol, fleet.a, fleet.b);
            roam(fleet, client, protocol, fleet.b, fleet.a);
        }
    }
}
