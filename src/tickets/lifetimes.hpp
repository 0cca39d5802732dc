/*
 * How long keys are used, and needed.
 */

#pragma once

#include "backends/footing.hpp"
#include "tickets/slot.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace session_cache::tickets {

struct Lifetimes {
    /* How far the clocks of a fleet may be apart. */
    static constexpr auto skew =
        std::chrono::duration_cast<std::chrono::seconds>(
            backends::Skew::tolerated);

    /* The longest that a ticket lives, at any server: 1 s and more. */
    std::chrono::seconds ticket{300};

    /*
     * Until when a slot's key makes tickets if no later one is to be had: for
     * a ticket's life, and for a slot at least, so that a store which is away
     * for as long costs nothing.
     */
    std::time_t last_use(const Slot& slot) const noexcept {
        return slot.end() + std::max<std::time_t>(ticket.count(), slot.length);
    }

    /* When the last of its tickets has expired everywhere. */
    std::time_t expiry(const Slot& slot) const noexcept {
        return last_use(slot) + ticket.count() + skew.count();
    }
};

/* How many slots' keys there are at a time: of living tickets, the current one
 * and those ahead. */
constexpr std::int64_t keys_at_a_time(std::chrono::seconds rotate,
                                      std::chrono::seconds ticket) noexcept {
    return ticket / rotate + 3;
}

inline constexpr std::int64_t max_keys_at_a_time = 256;

}  // namespace session_cache::tickets
