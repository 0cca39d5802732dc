// The keys that a worker has.

#include "tickets/held_keys.hpp"

#include "tickets/unfound.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace session_cache;
using namespace session_cache::tickets;
using namespace std::chrono_literals;

namespace {

struct Keys {
    SealingKey sealing{std::string(48, 'a')};
    Meter meter;
    HeldKeys held{meter};

    TicketName add(SeedId id, std::time_t expires) {
        const SeedName name{{3600, 3600}, id};
        return held
            .add({&sealing, name, "record " + std::to_string(expires),
                  TicketKey(sealing, name, Seed{}), expires})
            .key.name();
    }
};

}  // namespace

TEST_CASE("held keys: they are found by their names, and counted") {
    Keys keys;
    const auto one = keys.add(1, 100);
    const auto two = keys.add(2, 200);
    CHECK(keys.meter.keys.now() == 2);
    REQUIRE(keys.held.find(one) != nullptr);
    CHECK(keys.held.find(one)->expires == 100);
    CHECK(keys.held.find(two)->seed.id == 2);
    keys.held.remove(one);
    CHECK(keys.held.find(one) == nullptr);
    keys.held.remove(one);
    CHECK(keys.meter.keys.now() == 1);
    CHECK(keys.meter.keys.highest() == 2);
}

TEST_CASE("held keys: of two with one name it is the first") {
    Keys keys;
    const auto name = keys.add(1, 100);
    const Held* first = keys.held.find(name);
    CHECK(keys.add(1, 200) == name);
    CHECK(keys.held.find(name) == first);
    CHECK(first->expires == 100);
    CHECK(keys.meter.keys.now() == 1);
}

TEST_CASE("held keys: those that have expired drop out") {
    Keys keys;
    const auto one = keys.add(1, 100);
    const auto two = keys.add(2, 101);
    keys.held.drop_expired(99);
    CHECK(keys.held.find(one) != nullptr);
    keys.held.drop_expired(100);
    CHECK(keys.held.find(one) == nullptr);
    CHECK(keys.held.find(two) != nullptr);
    keys.held.drop_expired(1000);
    CHECK(keys.held.size() == 0);
    CHECK(keys.meter.keys.now() == 0);
}

TEST_CASE("held keys: of too many the one that expires first goes") {
    Keys keys;
    std::vector<TicketName> names;
    for (SeedId id = 0; id < HeldKeys::most; ++id) {
        names.push_back(keys.add(id, 1000 + (id * 7) % 1024));
    }
    const Held* kept = keys.held.find(names[1]);
    keys.add(0, 5000);  // a known one takes no room
    CHECK(keys.held.find(names[0]) != nullptr);
    const auto more = keys.add(HeldKeys::most, 5000);
    CHECK(keys.held.find(more) != nullptr);
    CHECK(keys.held.find(names[0]) == nullptr);
    CHECK(keys.held.find(names[1]) == kept);
    CHECK(keys.held.size() == HeldKeys::most);
    CHECK(keys.meter.keys.now() == HeldKeys::most);
}

TEST_CASE("held keys: several of one meter") {
    Keys keys;
    keys.add(1, 100);
    {
        HeldKeys others(keys.meter);
        const SeedName name{{3600, 3600}, 7};
        others.add({&keys.sealing, name, "",
                    TicketKey(keys.sealing, name, Seed{}), 100});
        CHECK(keys.meter.keys.now() == 2);
    }
    CHECK(keys.meter.keys.now() == 1);
}

TEST_CASE("unfound: remembered until then, and no more than so many") {
    Unfound unfound;
    const SeedName seed{{3600, 3600}, 1};
    unfound.add(seed, 200ms);
    CHECK(unfound.has(seed, 199ms));
    CHECK_FALSE(unfound.has({{3600, 3600}, 2}, 0ms));
    CHECK_FALSE(unfound.has({{7200, 3600}, 1}, 0ms));
    CHECK_FALSE(unfound.has(seed, 200ms));
    CHECK_FALSE(unfound.has(seed, 0ms));

    for (SeedId id = 0; id <= Unfound::most; ++id) {
        unfound.add({{3600, 3600}, id}, 200ms);
    }
    CHECK_FALSE(unfound.has({{3600, 3600}, 0}, 0ms));
    CHECK(unfound.has({{3600, 3600}, 1}, 0ms));
    unfound.forget();
    CHECK_FALSE(unfound.has({{3600, 3600}, 1}, 0ms));
}

TEST_CASE("unfound: one that many say is one") {
    Unfound unfound;
    unfound.add({{3600, 3600}, 1}, 200ms);
    for (std::size_t i = 0; i < 2 * Unfound::most; ++i) {
        unfound.add({{3600, 3600}, 2}, 200ms);
    }
    CHECK(unfound.has({{3600, 3600}, 1}, 0ms));
}
