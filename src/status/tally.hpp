/*
 * A worker's counts of its handshakes.
 */

#pragma once

#include "coro/meter.hpp"
#include "sessions/refusal.hpp"
#include "status/early_data.hpp"
#include "status/outcome.hpp"
#include "tickets/meter.hpp"

#include <array>
#include <cstddef>

namespace session_cache {

/* How a handshake ended. */
enum class Ending {
    full,
    from_store, /* resumed: with a session from the store */
    from_local, /* resumed: from nginx's own cache */
    by_ticket,  /* resumed: from a stateless ticket */
    broken_off, /* before it was complete, by either side */
    count
};

inline constexpr std::size_t n_endings =
    static_cast<std::size_t>(Ending::count);

struct Tally {
    std::array<coro::Counter, n_endings> endings{};
    std::array<coro::Counter, n_outcomes> outcomes{}; /* of complete ones */
    std::array<coro::Counter, n_refusals> refusals{}; /* of stored values */
    std::array<coro::Counter, n_early_data_outcomes> early_data{};
    coro::Counter not_stored; /* sessions: expired or too long */
    coro::Gauge suspended;    /* handshakes that wait for the store */
    coro::Gauge stacks;     /* in use, including those of the stores' clients */
    tickets::Meter tickets; /* stateless ones with shared keys */
};

}  // namespace session_cache
