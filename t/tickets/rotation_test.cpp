// The keys of one slot after the other, by the clocks of several workers.

#include "tickets/fleet.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace support;
using namespace std::chrono_literals;
using session_cache::tickets::Age;
using session_cache::tickets::Lifetimes;
using session_cache::tickets::slot_at;
using session_cache::tickets::TicketName;

namespace {

constexpr TicketName none{};

void check_alike(const Fleet& fleet) {
    const TicketName first = fleet.members().front()->current();
    CHECK(first != none);
    for (const auto& member : fleet.members()) {
        CHECK(member->current() == first);
    }
}

// Waits until the store has `n` slot records, which name the seeds in use.
bool has_slots(Fleet& fleet, const StoreServer& server, std::size_t n) {
    return fleet.loop.run_until(
        [&] { return names_of(server, "slot").size() == n; });
}

}  // namespace

STORE_TEST_CASE("tickets: a worker alone leaves a seed and who is in use") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    CHECK(member.current() == none);
    REQUIRE(fleet.are_ready());

    CHECK(member.meter.made.get() == 2);  // of the next slot, too
    CHECK(member.meter.slot == 1767225600);
    const auto expiry = Lifetimes{5min}.expiry(slot_at(fleet.now(), 1h));
    for (const auto& name : {seed_in_use(member), slot_in_use(member)}) {
        CHECK(server.ttl(name) <= expiry - fleet.now());
        CHECK(server.ttl(name) > expiry - fleet.now() - 60);
    }
    CHECK(member.log == "tickets are made with the key of the slot from "
                        "2026-01-01T00:00:00Z on\n");
}

STORE_TEST_CASE("tickets: all have the key of each slot, ahead of time") {
    Server server;
    Fleet fleet(server);
    for (int i = 0; i < 3; ++i) {
        fleet.add();
    }
    REQUIRE(fleet.are_ready());

    std::set<TicketName> names;
    for (std::size_t slot = 1; slot <= 10; ++slot) {
        names.insert(fleet.members()[0]->current());
        CHECK(names.size() == slot);
        fleet.pass(25min);
        CHECK(has_slots(fleet, server, slot + 1));  // none before half a slot
        fleet.pass(30min);
        CHECK(has_slots(fleet, server, slot + 2));
        check_alike(fleet);
        CHECK(names.contains(fleet.members()[1]->current()));
        fleet.pass(5min);
        check_alike(fleet);
    }
    for (const auto& member : fleet.members()) {
        CHECK(member->meter.late.get() == 0);
        CHECK(member->meter.rotated.get() == 10);
        CHECK(count_lines(member->log, "tickets are made") == 11);
        CHECK(count_lines(member->log, "[error]") == 0);
    }
}

STORE_TEST_CASE("tickets: a key changes when its slot ends, and no sooner") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    REQUIRE(fleet.are_ready());
    const auto first = member.current();
    const auto* key = member.ring->current();
    fleet.pass(3589s);
    CHECK(member.current() == first);
    CHECK(member.ring->age_of(key->name()) == Age::current);
    fleet.jump(1s);  // before any timer
    CHECK(member.current() != first);
    CHECK(member.current() != none);
    CHECK(member.ring->age_of(key->name()) == Age::previous);
    fleet.pass(1h);
    CHECK(member.ring->age_of(key->name()) == Age::older);
}

STORE_TEST_CASE("tickets: without the store a key goes on for a slot") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    Member& other = fleet.add();
    REQUIRE(fleet.are_ready());

    fleet.pass(25min);
    member.store->is_away = true;
    fleet.pass(1h + 34min);  // there is a key of the next slot
    const auto last = member.current();
    CHECK(other.current() == last);
    CHECK(member.meter.late.get() == 0);
    fleet.pass(1min);
    CHECK(member.current() == last);
    CHECK(other.current() != last);
    CHECK(member.meter.late.get() == 1);
    CHECK(count_lines(member.log,
                      "[error] the store tells no ticket key of "
                      "the slot from 2026-01-01T02:00:00Z on, so "
                      "that of an earlier one goes on for now") == 1);
    CHECK(fleet.opens(other, last));
    CHECK(fleet.opens(member, last));

    fleet.pass(59min + 30s);
    CHECK(member.current() == last);
    fleet.pass(30s);
    CHECK(member.current() == none);
    CHECK(member.meter.late.get() == 2);
    CHECK(count_lines(member.log, "no tickets are made for now") == 0);

    member.store->is_away = false;
    fleet.pass(10s);
    check_alike(fleet);
}

STORE_TEST_CASE("tickets: who starts without the store makes none, and says "
                "so once") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    member.store->is_away = true;
    fleet.settle();
    for (int i = 0; i < 20; ++i) {
        fleet.pass(30s);
        CHECK(member.current() == none);
    }
    CHECK(member.meter.slot == 0);
    CHECK(count_lines(member.log, "[error]") == 1);
    CHECK(count_lines(member.log, "so no tickets are made for now") == 1);
    member.store->is_away = false;
    fleet.pass(10s);
    CHECK(member.current() != none);
}

STORE_TEST_CASE("tickets: who has just started opens all that still live") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add({.rotate = 1min, .life = 10min});
    REQUIRE(fleet.are_ready());
    std::vector<TicketName> names;
    for (int slot = 0; slot < 20; ++slot) {
        names.push_back(member.current());
        fleet.pass(1min);
    }
    Member& newcomer = fleet.add({.rotate = 1min, .life = 10min});
    REQUIRE(fleet.are_ready());
    CHECK(newcomer.current() == member.current());
    // A ticket may have been made 10 minutes after the slot's end.
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(fleet.opens(newcomer, names[i]));
    }
    CHECK(newcomer.meter.made.get() == 0);
}

STORE_TEST_CASE("tickets: what has expired is dropped, here and there") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add({.rotate = 1min, .life = 2min});
    REQUIRE(fleet.are_ready());
    const auto first = member.current();
    const auto expiry = Lifetimes{2min}.expiry(slot_at(fleet.now(), 1min));

    fleet.pass(std::chrono::seconds(expiry - 1 - fleet.now()));
    CHECK(member.ring->find(first) != nullptr);
    fleet.jump(1s);
    CHECK(member.ring->find(first) == nullptr);
    CHECK_FALSE(member.ring->want(first).has_value());
    fleet.pass(30min);
    CHECK(member.meter.keys.now() <= 10);
    CHECK(member.meter.keys.highest() <= 10);
}

STORE_TEST_CASE("tickets: one that lives longer elsewhere is kept for it") {
    Server server;
    Fleet fleet(server);
    Member& shorter = fleet.add({.life = 5min});
    REQUIRE(fleet.are_ready());
    const auto name = shorter.current();
    Member& longer = fleet.add({.life = 24h});
    REQUIRE(fleet.are_ready());
    CHECK(longer.current() == name);
    fleet.pass(16min);  // it looks after its seeds

    const auto expiry =
        Lifetimes{24h}.expiry(slot_at(fleet.now(), 1h)) - fleet.now();
    for (const auto& seed : names_of(server, "seed")) {
        CHECK(server.ttl(seed) > expiry - 60);
    }
    fleet.pass(40h);
    CHECK(fleet.opens(longer, name));
}

STORE_TEST_CASE("tickets: clocks that are a slot off") {
    Server server;
    Fleet fleet(server);
    Member& late = fleet.add({.ahead = -1h});
    Member& right = fleet.add();
    Member& early = fleet.add({.ahead = 1h});
    REQUIRE(fleet.are_ready());
    for (int slot = 0; slot < 4; ++slot) {
        for (Member* maker : {&late, &right, &early}) {
            for (Member* other : {&late, &right, &early}) {
                CHECK(fleet.opens(*other, maker->current()));
            }
        }
        const auto next = early.current();
        fleet.pass(1h);
        CHECK(right.current() == next);
    }
}

STORE_TEST_CASE("tickets: clocks that jump, forwards and back") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    Member& other = fleet.add();
    REQUIRE(fleet.are_ready());
    const auto first = member.current();

    for (const auto far : {1h, 10h, 24h * 365}) {
        CAPTURE(far.count());
        member.ahead = far;
        member.current();  // which notices
        fleet.settle();
        CHECK(member.current() != none);
        CHECK(member.current() != first);

        member.ahead = 0s;
        CHECK(fleet.opens(member, first));
        member.current();
        fleet.settle();
        CHECK(member.current() == first);
        CHECK(other.current() == first);

        member.ahead = -far;
        member.current();
        fleet.settle();
        CHECK(member.current() != none);
        member.ahead = 0s;
        fleet.settle();
        member.current();
        fleet.settle();
        CHECK(member.current() == first);
    }
}

STORE_TEST_CASE("tickets: a jump that nobody sees is noticed in a minute") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    REQUIRE(fleet.are_ready());
    fleet.jump(5h);
    fleet.loop.skip(1min);
    fleet.settle();
    CHECK(member.meter.slot == 1767225600 + 5 * 3600);
}

STORE_TEST_CASE("tickets: nodes whose rotate differs open all") {
    Server server;
    Fleet fleet(server);
    Member& hour = fleet.add({.rotate = 1h});
    Member& minute = fleet.add({.rotate = 1min});
    Member& opener = fleet.add({.rotate = 0s});
    fleet.settle();
    for (int i = 0; i < 5; ++i) {
        REQUIRE(hour.current() != none);
        REQUIRE(minute.current() != none);
        CHECK(opener.current() == none);
        CHECK(hour.current() != minute.current());
        for (Member* maker : {&hour, &minute}) {
            for (Member* other : {&hour, &minute, &opener}) {
                CHECK(fleet.opens(*other, maker->current()));
            }
        }
        fleet.pass(90s);
    }
    CHECK(names_of(server, "slot").size() >= 6);
}

STORE_TEST_CASE("tickets: files are changed node by node, and all open") {
    Server server;
    Fleet fleet(server);
    Member& old = fleet.add({.keys = "ab"});
    Member& changed = fleet.add({.keys = "ba"});
    REQUIRE(fleet.are_ready());
    CHECK(old.current() != changed.current());
    CHECK(fleet.opens(old, changed.current()));
    CHECK(fleet.opens(changed, old.current()));

    Member& alone = fleet.add({.keys = "b"});
    REQUIRE(fleet.are_ready());
    CHECK(alone.current() == changed.current());
    CHECK_FALSE(alone.ring->want(old.current()).has_value());
}

TEST_CASE("tickets: nobody asks while nobody has anything to ask for") {
    RedisServer server;
    Fleet fleet(server);
    Member& member = fleet.add();
    REQUIRE(fleet.are_ready());
    fleet.pass(5min);
    const auto before = member.store->asked();
    for (int i = 0; i < 100'000; ++i) {
        member.current();
    }
    fleet.pass(5min);
    CHECK(member.store->asked() == before);
}
