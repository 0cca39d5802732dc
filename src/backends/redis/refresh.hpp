/*
 * When a worker asks for a cluster's slots. A fleet of 2,000 workers that loses
 * a master must not ask the others 2,000 times in a second.
 */

#pragma once

#include "backends/random.hpp"
#include "backends/store.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace backends::redis {

class Refresh {
  public:
    /* The shortest time between two questions. */
    static constexpr coro::Time gap{1000};

    /* The longest time from the cause to the question. */
    static constexpr coro::Time spread{1800};

    /* The shortest time if there are only redirects: a reshard takes minutes,
     * and each redirect corrects its slot. */
    static constexpr coro::Time redirected_gap{10000};

    /* The time without a cause, less up to a quarter at random. */
    static constexpr coro::Time routine{60000};

    /* While something is wrong, ask soon for so long, and then more slowly. */
    static constexpr coro::Time hurry{600000};
    static constexpr coro::Time slow{8000};

    /* The first question is due at once. */
    explicit Refresh(coro::Time now, Random random = {})
        : due_(now), random_(random) {}

    coro::Time due() const noexcept { return due_; }

    /* A server is lost or cannot serve. */
    void on_trouble(coro::Time now) noexcept {
        if (!std::exchange(hurried_, true)) {
            hasten(std::max(now + up_to(spread), last_ + gap));
        }
    }

    /* A slot has moved. */
    void on_moved(coro::Time now) noexcept {
        if (!std::exchange(moved_, true)) {
            hasten(std::max(now, last_ + redirected_gap) + up_to(spread));
        }
    }

    void begun(coro::Time now) noexcept {
        last_ = now;
        hurried_ = false;
        moved_ = false;
        due_ = coro::never;
    }

    /* The question was answered. `all_well`: all slots have servers that
     * answer. Causes that came up meanwhile stay, because the answer may be too
     * old for them. */
    void done(coro::Time now, bool all_well) noexcept {
        if (all_well) {
            ill_ = false;
            hasten(now + routine - up_to(routine / 4));
            return;
        }

        hurried_ = true;
        if (!ill_) {
            ill_ = true;
            ill_since_ = now;
        }
        due_ = now - ill_since_ < hurry
                   ? std::max(now + up_to(spread), last_ + gap)
                   : now + slow - up_to(slow / 4);
    }

  private:
    void hasten(coro::Time at) noexcept { due_ = std::min(due_, at); }

    coro::Time up_to(coro::Time most) noexcept {
        return random_.time(coro::Time(0), most);
    }

    coro::Time due_;
    bool hurried_ = false; /* one draw for all causes: the least of many would
                              be no delay at all */
    bool moved_ = false;   /* likewise */
    coro::Time last_{-std::chrono::hours(1)};
    bool ill_ = false;
    coro::Time ill_since_{};
    Random random_;
};

}  // namespace backends::redis
