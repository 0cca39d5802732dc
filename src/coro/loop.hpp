/*
 * An event loop as a coroutine's scheduler and its streams need it. nginx's
 * is in ngx_loop.*; the tests have a small one on epoll(7).
 *
 * Everything made by a loop is to be destroyed before it. Callbacks are
 * called from the loop only, never from inside a call made to it.
 */

#pragma once

#include "coro/wait.hpp"

#include <memory>

namespace coro {

/* What the loop calls back: a function that throws nothing, and its data. */
struct Callback {
    void (*function)(void* data) noexcept;
    void* data;

    void operator()() const noexcept { function(data); }
};

/* Something to be run soon. Destroying it takes it back. */
class Task {
  public:
    virtual ~Task() = default;

    /*
     * Runs after the events of the present turn; posted by its own callback,
     * after those of the next. Posting twice is once.
     */
    virtual void post() noexcept = 0;

    /*
     * Runs after the events of the next turn, which is taken without
     * blocking: what is ready is served, then the task runs.
     */
    virtual void post_next() noexcept = 0;
};

/* A one-shot timer. Destroying it takes it back. */
class Timer {
  public:
    virtual ~Timer() = default;

    /* Runs at `at` or soon after, in place of any earlier setting. */
    virtual void set(Time at) noexcept = 0;

    virtual void cancel() noexcept = 0;
};

/*
 * What a watched socket may be, or be waited for. `ended` comes with readable
 * only: behind what there is to read comes the end, or an error, and nobody
 * tells of it again.
 */
enum Readiness : unsigned { readable = 1, writable = 2, ended = 4 };

/*
 * A socket under watch. Owns the descriptor: destroying it closes that.
 * The callback comes at least once after every change to ready, and may
 * come when nothing has changed, as when the process is told to end.
 */
class Watch {
  public:
    virtual ~Watch() = default;

    /*
     * Says what is waited for from now on: readable, writable or both. The
     * socket said EAGAIN to whatever is asked for, or else gave less than it
     * was asked for and has not `ended`. Returns false when the event system
     * refuses the socket: then nothing will ever be told of it.
     */
    virtual bool await(unsigned readiness) noexcept = 0;

    /* What came since the last call: an or of Readiness. */
    virtual unsigned take() noexcept = 0;
};

class Loop {
  public:
    virtual ~Loop() = default;

    /* The loop's monotonic clock; it may stand still within a turn. */
    virtual Time now() const noexcept = 0;

    virtual std::unique_ptr<Task> make_task(Callback callback) = 0;
    virtual std::unique_ptr<Timer> make_timer(Callback callback) = 0;

    /*
     * Takes over `fd`, a non-blocking socket, also on failure (then it is
     * closed): null when the loop has no room for another one.
     */
    virtual std::unique_ptr<Watch> watch(int fd, Callback callback) = 0;
};

}  // namespace coro
