/*
 * What a coroutine may do: name its next wait, and wait.
 *
 * A Waker names a wait. Whatever ends the wait (a reply, a timer, a socket)
 * keeps that Waker and passes it to Scheduler::wake(). A Waker names one wait
 * of one coroutine, once. When the wait is over, waking does nothing, so a late
 * answer finds nobody.
 */

#pragma once

#include <chrono>
#include <cstdint>

namespace coro {

/* A point in time of the event loop's monotonic clock, in milliseconds. */
using Time = std::chrono::milliseconds;

/* The deadline of a wait that has none. */
inline constexpr Time never = Time::max();

/* Names one wait: coroutine `id`, its wait number `epoch`. */
struct Waker {
    std::uint32_t id;
    std::uint32_t epoch;
};

/* How a wait ended. */
enum class Wake {
    ready,     /* what was waited for is there */
    timeout,   /* the deadline passed first */
    cancelled, /* the coroutine's owner wants it to end */
};

/* Whether the caller runs in a coroutine, and so may wait. */
bool in_coroutine() noexcept;

/*
 * Names the running coroutine's next wait(). The name may be given away, and
 * even be used before that wait begins; then wait() returns at once. Call it
 * only in a coroutine.
 */
Waker next_wait() noexcept;

/*
 * Suspends the running coroutine until its wait is woken or `deadline` (a time
 * of the loop's clock) has passed. Preserves errno. Call it only in a
 * coroutine, and not in a catch block: Boost.Context 1.74 does not switch the
 * exception state.
 */
Wake wait(Time deadline = never) noexcept;

}  // namespace coro
