// When an error is logged: when it changes.

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

TEST_CASE("trouble: failures that take turns are told once each") {
    Trouble trouble;
    CHECK(trouble.failed("LOADING", start));
    CHECK(trouble.failed("OOM", start));
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(trouble.failed(i % 2 == 0 ? "LOADING" : "OOM", start));
    }
    CHECK(trouble.take_untold() == 0);
}

TEST_CASE("trouble: a number stands for any other") {
    Trouble trouble;
    CHECK(trouble.failed("try again in 9 ms", start));
    CHECK_FALSE(trouble.failed("try again in 10 ms", start));
    CHECK_FALSE(trouble.failed("try again in 31415 ms", start));
    CHECK(trouble.failed("try again in a minute", start));
}

TEST_CASE("trouble: a failure without a code is one") {
    Trouble trouble;
    CHECK(trouble.failed("", start));
    CHECK_FALSE(trouble.failed("", start));
    CHECK(trouble.worked(start + Trouble::quiet));
}

TEST_CASE("trouble: what there is no room for is counted") {
    Trouble trouble;
    std::size_t told = 0;
    for (char c = 'a'; c <= 'z'; ++c) {
        told += trouble.failed(std::string(1, c), start) ? 1 : 0;
    }
    CHECK(told == Trouble::max_kinds);
    CHECK(trouble.take_untold() == 26 - told);
    CHECK(trouble.take_untold() == 0);
}
