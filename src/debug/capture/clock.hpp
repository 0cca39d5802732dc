/*
 * The time of a capture, whose clock may have been set while it was made.
 */

#pragma once

#include "debug/capture/time.hpp"

#include <algorithm>
#include <cstddef>
#include <map>

namespace debug {

class CaptureClock {
  public:
    /* A smaller difference is not a step back: frames of several interfaces are
     * not strictly in order, and a live capture lags a little. */
    static constexpr Microseconds tolerance{5'000'000};

    /* A frame's time by a clock that continues when the other steps back. */
    Time steady(Time given) {
        if (given < last_ - tolerance && ahead_ < most) {
            Time now = last_ + ahead_;
            ahead_ += last_ - given;
            last_ = given;
            steps_[now] = ahead_;
            if (steps_.size() > most_steps) {
                steps_.erase(steps_.begin());
            }
        }
        last_ = std::max(last_, given);
        return given + ahead_;
    }

    /* The original time of a steady one. */
    Time given(Time steady) const {
        auto later = steps_.upper_bound(steady);
        return later == steps_.begin() ? steady
                                       : steady - std::prev(later)->second;
    }

  private:
    /* Keeps sums from overflowing. */
    static constexpr Microseconds most{std::int64_t(1) << 60};
    static constexpr std::size_t most_steps = 64;

    Time last_{};
    Microseconds ahead_{0};
    std::map<Time, Microseconds> steps_; /* since when, and how far ahead */
};

}  // namespace debug
