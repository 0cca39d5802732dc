#include "status/history.hpp"

#include <algorithm>

namespace session_cache {

namespace {

/* A clock correction by at most this much does not lose the history. */
constexpr std::int64_t most_back = 1;

Minute between(std::int64_t minute, const History::Totals& begin,
               const History::Totals& end) {
    constexpr std::int64_t seconds = 60;
    Minute between{.begin = minute * seconds};

    for (std::size_t i = 0; i < end.size(); ++i) {
        between.endings.at(i) = end.at(i) - begin.at(i);
    }
    return between;
}

}  // namespace

bool History::is_due(std::int64_t minute) const noexcept {
    std::int64_t now = now_.load(std::memory_order_relaxed);
    return minute > now || minute < now - most_back;
}

/* A signal may kill the process in the middle. So what is about to be
 * overwritten is dropped first. */
void History::begin(std::int64_t minute, const Totals& totals) noexcept {
    if (now_ == 0 || minute < now_) {
        now_ = 0;
        first_ = minute;
    }
    first_ = std::max(first_, minute - length + 1);

    for (std::int64_t next = std::max(now_ + 1, first_); next <= minute;
         ++next) {
        at(next) = totals;
    }
    now_ = minute;
}

std::vector<Minute> History::minutes(const Totals& totals) const {
    std::vector<Minute> minutes;

    for (std::int64_t minute = first_; now_ != 0 && minute <= now_; ++minute) {
        const Totals& end = minute < now_ ? at(minute + 1) : totals;
        minutes.push_back(between(minute, at(minute), end));
    }
    return minutes;
}

History::Totals& History::at(std::int64_t minute) noexcept {
    return begins_.at(static_cast<std::size_t>(minute % length));
}

const History::Totals& History::at(std::int64_t minute) const noexcept {
    return begins_.at(static_cast<std::size_t>(minute % length));
}

}  // namespace session_cache
