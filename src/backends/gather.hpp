/*
 * Gathers what comes within a moment.
 */

#pragma once

#include "coro/loop.hpp"

#include <chrono>
#include <memory>

namespace backends {

/*
 * From the first add() on, it looks after every turn of the loop, and calls
 * back when a turn brought nothing more or 100 us have passed. The turns in
 * between do not block. So what comes alone on an idle worker does not wait at
 * all. What is urgent waits only for the end of its turn.
 */
class Gather {
  public:
    /* `done` is called only from the loop. Throws std::bad_alloc. */
    Gather(coro::Loop& loop, coro::Callback done);

    Gather(const Gather&) = delete;
    Gather& operator=(const Gather&) = delete;

    void add(bool urgent) noexcept;

  private:
    using Clock = std::chrono::steady_clock;

    void look() noexcept;

    coro::Callback done_;
    std::unique_ptr<coro::Task> look_;
    bool active_ = false;
    bool urgent_ = false;
    unsigned added_ = 0; /* since the last look */
    Clock::time_point since_;
};

}  // namespace backends
