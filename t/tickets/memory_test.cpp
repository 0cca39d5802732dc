// A worker's keyring that runs out of memory, at every possible point.

#include "support/allocations.hpp"
#include "tickets/fleet.hpp"

#include <doctest/doctest.h>

using namespace support;
using namespace std::chrono_literals;
using session_cache::tickets::TicketName;

namespace {

constexpr TicketName none{};

// What a worker does when another one has made all seeds.
void live(Fleet& fleet, Member& member, const TicketName& other) {
    fleet.loop.run_until([&] { return member.current() != none; }, 200ms);
    fleet.settle();
    {
        const Allocations::Scope product(Allocations::Of::product);
        if (const auto wanted = member.ring->want(other)) {
            member.ring->fetch_later(*wanted);
        }
    }
    fleet.settle();
    fleet.start([&] { member.ring->await(fleet.loop.now() + 10ms); });
    fleet.pass(60min);
    member.ring->connected();
    fleet.settle();
}

// Returns how many allocations there were. Whatever failed, it works
// afterwards.
std::size_t live_without(std::size_t nth, const RedisServer& server) {
    CAPTURE(nth);
    server.flush();
    Fleet fleet(server);
    Member& maker = fleet.add({.life = 24h});
    REQUIRE(fleet.are_ready());
    const TicketName first = maker.current();
    fleet.pass(1h);

    Member& member = fleet.add({.life = 24h});
    Allocations::fail(nth);
    live(fleet, member, first);
    const std::size_t seen = Allocations::heal();

    fleet.pass(2min);
    CHECK(member.current() != none);
    fleet.pass(16min);
    CHECK(member.current() == maker.current());
    CHECK(fleet.opens(member, first));
    CHECK(fleet.opens(maker, member.current()));
    return seen;
}

}  // namespace

TEST_CASE("tickets: memory may be short anywhere") {
    RedisServer server;
    std::size_t nth = 1;
    while (live_without(nth, server) >= nth) {
        nth += nth < 100 ? 1 : 4;
        REQUIRE(nth < 5000);
    }
    CHECK(nth > 50);
}
