/*
 * Seeds that the store did not have a moment ago, and that are not asked for
 * again at once.
 */

#pragma once

#include "coro/wait.hpp"
#include "tickets/ticket_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace session_cache::tickets {

class Unfound {
  public:
    /* The store was asked for each of them, so there cannot be many at a
     * time. */
    static constexpr std::size_t most = 256;

    /* May throw std::bad_alloc. */
    void add(const SeedName& seed, coro::Time until) {
        auto known = std::ranges::find(seeds_, seed, &One::seed);
        if (known != seeds_.end()) {
            known->until = until;
            return;
        }
        if (seeds_.size() == most) {
            seeds_.erase(seeds_.begin());
        }
        seeds_.push_back({seed, until});
    }

    bool has(const SeedName& seed, coro::Time now) noexcept {
        std::erase_if(seeds_,
                      [now](const auto& one) { return one.until <= now; });
        return std::ranges::find(seeds_, seed, &One::seed) != seeds_.end();
    }

    void forget() noexcept { seeds_.clear(); }

  private:
    struct One {
        SeedName seed;
        coro::Time until;
    };

    std::vector<One> seeds_;
};

}  // namespace session_cache::tickets
