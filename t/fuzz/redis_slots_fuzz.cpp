// What a server of a Redis Cluster says about it: topologies and redirects.
//
// Input: replies, as a server sends them.

#include "backends/redis/slots.hpp"
#include "fuzz/fuzz.hpp"

#include <doctest/doctest.h>

using namespace backends::redis;

namespace {

void check(const std::string& host) {
    CHECK(host.size() <= 255);
    for (const unsigned char c : host) {
        CHECK(c > ' ');
        CHECK(c < 0x7f);
    }
}

void check(const Endpoint& endpoint) {
    check(endpoint.host);
    check(endpoint.ip);
    check(endpoint.name);
    CHECK(endpoint.port != 0);
}

void check(const Topology& topology) {
    CHECK_FALSE(topology.ranges.empty());
    CHECK(topology.ranges.size() <= n_slots);
    CHECK(topology.masters.size() <= Topology::max_masters);
    for (const auto& range : topology.ranges) {
        CHECK(range.first <= range.last);
        CHECK(range.last < n_slots);
        CHECK(range.master < topology.masters.size());
    }
    for (const auto& master : topology.masters) {
        check(master);
    }
}

}  // namespace

void fuzz(Input input) {
    CHECK(slot_of(input.rest()) < n_slots);

    Parser parser;
    CHECK(parser.feed(input.rest()));
    parser.expect_slots();
    while (const Reply reply = parser.next()) {
        if (const auto topology = parse_topology(*reply)) {
            check(*topology);
        }
        if (reply->type == REDIS_REPLY_ERROR) {
            if (const auto redirect = parse_redirect(text(*reply))) {
                check(redirect->to);
                CHECK(redirect->slot < n_slots);
            }
        }
    }
}
