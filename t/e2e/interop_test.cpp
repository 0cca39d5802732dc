// Clients of three TLS libraries, with sessions from each node to the other.

#include "support/node.hpp"
#include "support/visit.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// A full handshake at the first node, then two resumptions at the other one and
// one at the first.
void roam(Fleet& fleet, const VisitingClient& client,
          const std::string& protocol, const Node& first, const Node& second) {
    fleet.store.flush();
    Visit visit{false, protocol, ""};
    visit = client.visit(first.address(), visit);
    CHECK_FALSE(visit.reused);
    CHECK(visit.protocol == protocol);
    // OpenSSL servers make one session in a TLS 1.2 handshake, two in a full
    // handshake of TLS 1.3, and one more in each of its resumptions.
    std::size_t made = protocol == "TLSv1.2" ? 1 : 2;
    for (const auto* node : {&second, &second, &first}) {
        // The other node only finds what has arrived in the store.
        REQUIRE(eventually([&] { return fleet.store.keys().size() >= made; }));
        visit = client.visit(node->address(), visit);
        CHECK(visit.reused);
        CHECK(visit.protocol == protocol);
        made += protocol == "TLSv1.3";
    }
    // None of these may arrive late and be counted in the next visits.
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
