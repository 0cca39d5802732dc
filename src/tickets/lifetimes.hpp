/*
 * How long keys are used, and how long they are needed.
 */

#pragma once

#include "backends/footing.hpp"
#include "tickets/slot.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace session_cache::tickets {

struct Lifetimes {
    /* How far apart the clocks of a fleet may be. */
    static constexpr auto skew =
        std::chrono::duration_cast<std::chrono::seconds>(
            backends::Skew::tolerated);

    /* The longest life of a ticket at any server: at least 1 s. */
    std::chrono::seconds ticket{300};

    /*
     * Until when a slot's key makes tickets if there is no later one: for a
     * ticket's life, and at least for a slot. So a store that is away no longer
     * than that costs nothing.
     */
    std::time_t last_use(const Slot& slot) const noexcept {
        return slot.end() + std::max<std::time_t>(ticket.count(), slot.length);
    }

    /* When the slot's last ticket has expired everywhere. */
    std::time_t expiry(const Slot& slot) const noexcept {
        return last_use(slot) + ticket.count() + skew.count();
    }
};

/* How many slots have keys at a time: those of living tickets, the current one,
 * and those ahead. */
constexpr std::int64_t keys_at_a_time(std::chrono::seconds rotate,
                                      std::chrono::seconds ticket) noexcept {
    return ticket / rotate + 3;
}

inline constexpr std::int64_t max_keys_at_a_time = 256;

}  // namespace session_cache::tickets
