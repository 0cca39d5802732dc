// When the store asks for the slots.

#include "backends/redis/refresh.hpp"

#include <doctest/doctest.h>

using backends::redis::Refresh;
using namespace std::chrono_literals;

namespace {

constexpr coro::Time start{1'000'000};

// One that has just succeeded.
Refresh well(unsigned seed) {
    Refresh refresh(start, backends::Random(seed));
    CHECK(refresh.due() == start);
    refresh.begun(start);
    refresh.done(start, true);
    return refresh;
}

}  // namespace

TEST_CASE("redis refresh: every minute unasked, at random") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const auto due = well(seed).due() - start;
        CHECK(due >= 45s);
        CHECK(due <= 60s);
    }
}

TEST_CASE("redis refresh: soon after trouble, and once a second at most") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        auto refresh = well(seed);
        refresh.on_trouble(start + 100ms);
        CHECK(refresh.due() - start >= 1s);
        CHECK(refresh.due() - start <= 1900ms);

        const auto due = refresh.due();
        for (int i = 0; i < 100; ++i) {
            refresh.on_trouble(start + 200ms);
        }
        CHECK(refresh.due() <= due);
        CHECK(refresh.due() - start >= 1s);

        const auto later = start + 30s;
        auto other = well(seed);
        other.on_trouble(later);
        CHECK(other.due() >= later);
        CHECK(other.due() <= later + 1800ms);
    }
}

TEST_CASE("redis refresh: redirects alone hurry nobody") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        auto refresh = well(seed);
        refresh.on_moved(start + 1s);
        CHECK(refresh.due() - start >= 10s);
        CHECK(refresh.due() - start <= 11800ms);
        refresh.on_trouble(start + 2s);
        CHECK(refresh.due() - start <= 3800ms);
    }
    auto quiet = well(1);
    quiet.on_moved(start + 20s);
    CHECK(quiet.due() - start >= 20s);
    CHECK(quiet.due() - start <= 21800ms);
}

TEST_CASE("redis refresh: what comes up while it is asked is asked for anew") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        auto refresh = well(seed);
        const auto later = start + 30s;
        refresh.begun(later);
        refresh.on_trouble(later + 1ms);
        refresh.done(later + 2ms, true);
        CHECK(refresh.due() - later >= 1s);
        CHECK(refresh.due() - later <= 1801ms);

        auto redirected = well(seed);
        redirected.begun(later);
        redirected.on_moved(later + 1ms);
        redirected.done(later + 2ms, true);
        CHECK(redirected.due() - later >= 10s);
        CHECK(redirected.due() - later <= 11801ms);
    }
}

TEST_CASE("redis refresh: again and again while it is ill, then less often") {
    auto refresh = well(1);
    coro::Time now = start;
    for (; now < start + Refresh::hurry - 1s; now = refresh.due()) {
        refresh.begun(now);
        refresh.done(now, false);
        CHECK(refresh.due() - now >= 1s);
        CHECK(refresh.due() - now <= 1800ms);
    }
    now = start + Refresh::hurry + 2s;
    refresh.begun(now);
    refresh.done(now, false);
    CHECK(refresh.due() - now >= 6s);
    CHECK(refresh.due() - now <= 8s);
}
