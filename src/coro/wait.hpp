/*
 * What a coroutine may do: name its next wait, and wait.
 *
 * A wait is named by a Waker. Whoever is to end it (a reply, a timer, a
 * socket) keeps that Waker and hands it to Scheduler::wake(). A Waker names
 * one wait of one coroutine, once: when the wait is over, waking it does
 * nothing, so a late answer finds nobody.
 */

#pragma once

#include <chrono>
#include <cstdint>

namespace coro {

/* A point in time of the event loop's own monotonic clock, milliseconds. */
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
    cancelled, /* whoever owns the coroutine wants it to come to an end */
};

/* Whether the caller runs in a coroutine, and so may wait. */
bool in_coroutine() noexcept;

/*
 * Names the running coroutine's next wait(). The name may be given away and
 * even used before that wait begins: then wait() returns at once.
 * To be called in a coroutine only.
 */
Waker next_wait() noexcept;

/*
 * Suspends the running coroutine until its wait is woken or `deadline` (a
 * time of the loop's clock) has passed. errno is preserved. To be called in
 * a coroutine only, and not in a catch block: Boost.Context 1.74 does not
 * switch the exception state.
 */
Wake wait(Time deadline = never) noexcept;

}  // namespace coro
