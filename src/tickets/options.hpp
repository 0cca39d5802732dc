/*
 * What a fleet's ticket keys are made from, and where that comes from.
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

/* Everything that it refers to has to outlive its user. */
struct Options {
    backends::Store& store;
    coro::Scheduler& scheduler;
    Meter& meter;

    std::span<const SealingKey> keys; /* the first one makes tickets */
    std::string prefix;               /* of names in the store */

    /* From min_rotate to max_rotate. 0: tickets are opened, but not made. */
    std::chrono::seconds rotate{0};
    Lifetimes lifetimes{};

    /* How long to remember that a seed is not there. Also the first pause
     * between attempts. */
    std::chrono::milliseconds interval{200};

    /* The time of day. Must not throw. */
    std::function<std::time_t()> clock;

    /* Whether anybody may need keys again, as in backends::Options. */
    std::function<bool()> wanted;

    backends::Log log;
};

}  // namespace session_cache::tickets
