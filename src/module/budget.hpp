/*
 * How much a handshake may ask of the store. A client may offer many sessions
 * in each of two ClientHellos, and a session may have several names. All their
 * waits together take no longer than a single one may.
 */

#pragma once

#include "coro/wait.hpp"

#include <algorithm>

namespace session_cache {

class Budget {
  public:
    /* How many sessions are asked for. Clients offer one or two. */
    static constexpr unsigned max_sessions = 4;

    /* Whether one more session may be asked for. If so, counts it. */
    bool admit() noexcept {
        if (asked_ == max_sessions) {
            return false;
        }
        ++asked_;
        return true;
    }

    /*
     * When all waits of the handshake have to be over: `timeout` after the
     * first one has begun. `now` is a time of the loop's clock.
     */
    coro::Time deadline(coro::Time now, coro::Time timeout) noexcept {
        deadline_ = std::min(deadline_, now + timeout);
        return deadline_;
    }

  private:
    unsigned asked_ = 0;
    coro::Time deadline_ = coro::never;
};

}  // namespace session_cache
