// The minutes of the last hour.

#include "status/history.hpp"

#include <doctest/doctest.h>

using namespace session_cache;

namespace {

constexpr std::int64_t noon = 29'000'000;

History::Totals full(std::uint64_t count) {
    return {count};
}

std::vector<std::uint64_t> counts(const std::vector<Minute>& minutes) {
    std::vector<std::uint64_t> all;
    for (const Minute& minute : minutes) {
        all.push_back(minute.endings[0]);
    }
    return all;
}

using Counts = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("history: there is none before the first minute") {
    const History history;
    CHECK(history.is_due(noon));
    CHECK(history.minutes(full(0)).empty());
}

TEST_CASE("history: a minute has what was counted since it began") {
    History history;
    history.begin(noon, full(100));
    CHECK_FALSE(history.is_due(noon));
    CHECK(counts(history.minutes(full(103))) == Counts{3});
    CHECK(history.is_due(noon + 1));
    history.begin(noon + 1, full(105));
    const auto minutes = history.minutes(full(106));
    CHECK(counts(minutes) == Counts{5, 1});
    CHECK(minutes[0].begin == noon * 60);
    CHECK(minutes[1].begin == noon * 60 + 60);
}

TEST_CASE("history: of each end") {
    History history;
    history.begin(noon, {1, 2, 3, 4, 5});
    CHECK(history.minutes({2, 4, 6, 8, 10})[0].endings ==
          History::Totals{1, 2, 3, 4, 5});
}

TEST_CASE("history: in minutes that nobody began there was nobody") {
    History history;
    history.begin(noon, full(0));
    history.begin(noon + 4, full(7));
    CHECK(counts(history.minutes(full(9))) == Counts{7, 0, 0, 0, 2});
}

TEST_CASE("history: it is that of an hour") {
    History history;
    for (int minute = 0; minute < 150; ++minute) {
        history.begin(noon + minute, full(static_cast<unsigned>(minute)));
    }
    auto minutes = history.minutes(full(150));
    CHECK(counts(minutes) == Counts(60, 1));
    CHECK(minutes.front().begin == (noon + 90) * 60);

    history.begin(noon + 149 + 59, full(150));
    minutes = history.minutes(full(152));
    CHECK(minutes.size() == 60);
    CHECK(minutes.front().endings[0] == 1);
    CHECK(minutes.back().endings[0] == 2);

    history.begin(noon + 10'000, full(152));
    minutes = history.minutes(full(152));
    CHECK(counts(minutes) == Counts(60, 0));
    CHECK(minutes.back().begin == (noon + 10'000) * 60);
}

TEST_CASE("history: a clock that is set back begins anew") {
    History history;
    history.begin(noon, full(0));
    history.begin(noon + 1, full(3));
    CHECK_FALSE(history.is_due(noon));
    CHECK(history.is_due(noon - 1));
    history.begin(noon - 1, full(5));
    const auto minutes = history.minutes(full(6));
    CHECK(counts(minutes) == Counts{1});
    CHECK(minutes[0].begin == (noon - 1) * 60);
    CHECK_FALSE(history.is_due(noon - 1));
    history.begin(noon, full(6));
    CHECK(counts(history.minutes(full(6))) == Counts{1, 0});
}
