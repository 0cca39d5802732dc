// When the log hears of an error: at changes.

#include "backends/trouble.hpp"

#include <doctest/doctest.h>

using backends::Trouble;

namespace {

constexpr coro::Time start{1000};

}  // namespace

TEST_CASE("trouble: the same failure is told once") {
    Trouble trouble;
    CHECK(trouble.failed("OOM", start));
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(trouble.failed("OOM", start + i * Trouble::quiet));
    }
}

TEST_CASE("trouble: another failure is told") {
    Trouble trouble;
    CHECK(trouble.failed("LOADING", start));
    CHECK(trouble.failed("OOM", start));
    CHECK_FALSE(trouble.failed("OOM", start));
}

TEST_CASE("trouble: what never failed does not work again") {
    Trouble trouble;
    CHECK_FALSE(trouble.worked(start));
    CHECK_FALSE(trouble.worked(start + 2 * Trouble::quiet));
}

TEST_CASE("trouble: what works in between does not end it") {
    Trouble trouble;
    CHECK(trouble.failed("OOM", start));
    for (int i = 1; i < 100; ++i) {
        const auto now = start + i * Trouble::quiet / 2;
        CHECK_FALSE(trouble.worked(now));
        CHECK_FALSE(trouble.failed("OOM", now));
    }
}

TEST_CASE("trouble: what works for long ends it, once, until the next") {
    Trouble trouble;
    CHECK(trouble.failed("OOM", start));
    CHECK_FALSE(trouble.worked(start + Trouble::quiet - coro::Time{1}));
    CHECK(trouble.worked(start + Trouble::quiet));
    CHECK_FALSE(trouble.worked(start + 2 * Trouble::quiet));
    CHECK(trouble.failed("OOM", start + 3 * Trouble::quiet));
}
