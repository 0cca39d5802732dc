// Many workers that need the same at the same time.

#include "tickets/fleet.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace support;
using namespace std::chrono_literals;
using session_cache::tickets::TicketName;

namespace {

constexpr std::size_t workers = 50;

// The names of the keys that tickets are made with.
std::set<TicketName> in_use(const Fleet& fleet) {
    std::set<TicketName> names;
    for (const auto& member : fleet.members()) {
        names.insert(member->current());
    }
    names.erase(TicketName{});
    return names;
}

// All names that were in use at any time, until all have one.
std::set<TicketName> used(Fleet& fleet) {
    std::set<TicketName> names;
    CHECK(fleet.loop.run_until([&] {
        names.merge(in_use(fleet));
        return std::ranges::all_of(fleet.members(), [](const auto& member) {
            return member->current() != TicketName{};
        });
    }));
    fleet.settle();
    return names;
}

void add_all(Fleet& fleet) {
    while (fleet.members().size() < workers) {
        fleet.add();
    }
}

}  // namespace

STORE_TEST_CASE("tickets: 50 workers race for seeds, and all have the same") {
    Server server;
    Fleet fleet(server);
    add_all(fleet);
    CHECK(used(fleet).size() == 1);
    CHECK(fleet.loop.run_until(
        [&] { return names_of(server, "slot").size() == 2; }));
    // Those that nobody uses are deleted again.
    CHECK(fleet.loop.run_until(
        [&] { return names_of(server, "seed").size() == 2; }));
    for (const auto& member : fleet.members()) {
        CHECK(member->meter.keys.now() == 2);
    }
}

STORE_TEST_CASE("tickets: so they do when the store is slow for some") {
    Server server;
    Fleet fleet(server);
    add_all(fleet);
    int n = 0;
    for (const auto& member : fleet.members()) {
        const coro::Time delay{n++ % 7 * 3};
        member->store->meddle = [&fleet, delay](auto what, auto) {
            if (delay.count() != 0 && what != "store" && what != "erase") {
                coro::wait(fleet.loop.now() + delay);
            }
            return Meddled::Fate::passes;
        };
    }
    CHECK(used(fleet).size() == 1);
    CHECK(fleet.loop.run_until(
        [&] { return names_of(server, "slot").size() == 2; }));
    CHECK(fleet.loop.run_until(
        [&] { return names_of(server, "seed").size() == 2; }));
}

STORE_TEST_CASE("tickets: 50 workers do not ask for the next seed at once") {
    Server server;
    Fleet fleet(server);
    add_all(fleet);
    REQUIRE(used(fleet).size() == 1);
    std::map<std::time_t, int> asked;
    for (const auto& member : fleet.members()) {
        member->store->meddle = [&](auto what, auto key) {
            asked[fleet.now()] +=
                what == "peek" && key.find("slot:") != key.npos ? 1 : 0;
            return Meddled::Fate::passes;
        };
    }
    fleet.pass(60min);
    CHECK(in_use(fleet).size() == 1);
    std::size_t made = 0;
    for (const auto& member : fleet.members()) {
        made += member->meter.made.get();
        CHECK(member->meter.late.get() == 0);
    }
    CHECK(made < 3 * workers);
    for (const auto& each : asked) {
        CAPTURE(each.first);
        CHECK(each.second < static_cast<int>(workers));
    }
}
