/*
 * When a worker asks which slots there are. A fleet of 2,000 workers that
 * loses a master at once is not to ask the others 2,000 times in a second.
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
    /* Not sooner after one another than this. */
    static constexpr coro::Time gap{1000};

    /* Within this time of what it is for. */
    static constexpr coro::Time spread{1800};

    /* As long as there is no more than redirects: a reshard takes minutes, and
     * each of them corrects its slot. */
    static constexpr coro::Time redirected_gap{10000};

    /* Unasked, less up to a quarter at random. */
    static constexpr coro::Time routine{60000};

    /* As long as something is wrong: soon, but not for ever. */
    static constexpr coro::Time hurry{600000};
    static constexpr coro::Time slow{8000};

    /* The first one is due at once. */
    explicit Refresh(coro::Time now, Random random = {})
        : due_(now), random_(random) {}

    coro::Time due() const noexcept { return due_; }

    /* A server is lost, or cannot serve. */
    void on_trouble(coro::Time now) noexcept {
        if (!std::exchange(hurried_, true)) {
            hasten(std::max(now + up_to(spread), last_ + gap));
        }
    }

    /* A slot is elsewhere. */
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

    /* All slots have servers that answer, or not. What has come up since it
     * was begun, the answer may be too old for. */
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
    bool hurried_ = false; /* one draw for all who are in trouble: the least of
                              many would be no time at all */
    bool moved_ = false;   /* likewise */
    coro::Time last_{-std::chrono::hours(1)};
    bool ill_ = false;
    coro::Time ill_since_{};
    Random random_;
};

}  // namespace backends::redis
