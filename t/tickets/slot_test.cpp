// How time is cut into slots, and how long the key of a slot is needed.

#include "tickets/lifetimes.hpp"
#include "tickets/slot.hpp"

#include <doctest/doctest.h>
#include <limits>

using namespace session_cache::tickets;
using namespace std::chrono_literals;

TEST_CASE("slot: they are cut at multiples of their length since 1970") {
    constexpr std::time_t day = 1767225600;  // 2026-01-01T00:00:00Z
    CHECK(slot_at(day, 1h) == Slot{1767225600, 3600});
    CHECK(slot_at(day + 3599, 1h) == Slot{1767225600, 3600});
    CHECK(slot_at(day + 3600, 1h) == Slot{1767229200, 3600});
    CHECK(slot_at(day - 1, 1h) == Slot{1767222000, 3600});
    CHECK(slot_at(day + 59, min_rotate) == Slot{1767225600, 60});
    CHECK(slot_at(day - 1, max_rotate) == Slot{1766620800, 604800});
    CHECK(slot_at(day, 61s) == Slot{1767225571, 61});
}

TEST_CASE("slot: each begins where the one before ends") {
    for (const auto rotate : {60s, 61s, 3600s, 604800s}) {
        const Slot slot = slot_at(1767225599, rotate);
        CHECK(slot.next() == slot_at(slot.end(), rotate));
        CHECK(slot == slot_at(slot.end() - 1, rotate));
        CHECK(is_cut(slot));
        CHECK(is_cut(slot.next()));
    }
}

TEST_CASE("slot: a clock before 1970 is at its beginning") {
    for (const std::time_t now : {std::time_t{0}, std::time_t{-1},
                                  std::numeric_limits<std::time_t>::min()}) {
        CHECK(slot_at(now, 1h) == Slot{0, 3600});
    }
}

TEST_CASE("slot: what is none") {
    CHECK(is_cut({0, 60}));
    CHECK(is_cut({604800, 604800}));
    CHECK_FALSE(is_cut({0, 0}));
    CHECK_FALSE(is_cut({0, 59}));
    CHECK_FALSE(is_cut({0, 604801}));
    CHECK_FALSE(is_cut({61, 60}));
    CHECK_FALSE(is_cut({1767225599, 3600}));
}

TEST_CASE("lifetimes: a key goes on for a ticket's life, or for a slot") {
    const Slot slot{3600, 3600};
    CHECK(Lifetimes{300s}.last_use(slot) == 7200 + 3600);
    CHECK(Lifetimes{3600s}.last_use(slot) == 7200 + 3600);
    CHECK(Lifetimes{86400s}.last_use(slot) == 7200 + 86400);
}

TEST_CASE("lifetimes: a key is needed until its last ticket has expired") {
    const Slot slot{3600, 3600};
    for (const auto life : {1s, 300s, 86400s, 604800s}) {
        const Lifetimes lifetimes{life};
        CHECK(lifetimes.expiry(slot) == lifetimes.last_use(slot) +
                                            life.count() +
                                            Lifetimes::skew.count());
    }
}

TEST_CASE("lifetimes: how many keys a configuration takes") {
    CHECK(keys_at_a_time(1h, 300s) == 3);
    CHECK(keys_at_a_time(1h, 24h) == 27);
    CHECK(keys_at_a_time(1min, 253min) == max_keys_at_a_time);
    CHECK(keys_at_a_time(1min, 254min) > max_keys_at_a_time);
    CHECK(keys_at_a_time(1min, 24h) > max_keys_at_a_time);
}
