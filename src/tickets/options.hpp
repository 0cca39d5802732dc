/*
 * What a fleet's ticket keys are made of, and where they come from.
 */

#pragma once

#include "backends/store.hpp"
#include "coro/coroutine.hpp"
#include "sessions/sealing_key.hpp"
#include "tickets/lifetimes.hpp"
#include "tickets/meter.hpp"

#include <chrono>
#include <ctime>
#include <functional>
#include <span>
#include <string>

namespace session_cache::tickets {

/* All that it refers to has to outlive who has it. */
struct Options {
    backends::Store& store;
    coro::Scheduler& scheduler;
    Meter& meter;

    std::span<const SealingKey> keys; /* the first makes tickets */
    std::string prefix;               /* of names in the store */

    /* From min_rotate to max_rotate; 0: none are made, but opened. */
    std::chrono::seconds rotate{0};
    Lifetimes lifetimes{};

    /* How long to remember that a seed is not there; and between attempts, at
     * the beginning. */
    std::chrono::milliseconds interval{200};

    /* The time of day. It throws nothing. */
    std::function<std::time_t()> clock;

    /* Whether anybody may need keys again, as in backends::Options. */
    std::function<bool()> wanted;

    backends::Log log;
};

}  // namespace session_cache::tickets
