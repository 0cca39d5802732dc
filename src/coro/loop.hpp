/*
 * The event loop as the scheduler and streams need it. nginx's is in
 * ngx_loop.*, and the tests have a small one on epoll(7).
 *
 * Everything that a loop made has to be destroyed before it. The loop calls
 * callbacks by itself, never from inside a call made to it.
 */

#pragma once

#include "coro/wait.hpp"

#include <memory>

namespace coro {

/* What the loop calls: a function that throws nothing, and its data. */
struct Callback {
    void (*function)(void* data) noexcept;
    void* data;

    void operator()() const noexcept { function(data); }
};

/* Something that runs soon. Destroying it cancels it. */
class Task {
  public:
    virtual ~Task() = default;

    /*
     * Runs after the events of the present turn. If its own callback posts it,
     * it runs after those of the next turn. To post it twice is to post it
     * once.
     */
    virtual void post() noexcept = 0;

    /*
     * Runs after the events of the next turn. That turn does not block: what is
     * ready is served, then the task runs.
     */
    virtual void post_next() noexcept = 0;
};

/* A one-shot timer. Destroying it cancels it. */
class Timer {
  public:
    virtual ~Timer() = default;

    /* Runs at `at` or soon after, in place of any earlier setting. */
    virtual void set(Time at) noexcept = 0;

    virtual void cancel() noexcept = 0;
};

/*
 * What a watched socket is ready for, or is awaited for. `ended` comes only
 * with readable: after what there is to read comes the end, or an error, and it
 * is not reported again.
 */
enum Readiness : unsigned { readable = 1, writable = 2, ended = 4 };

/*
 * A socket under watch. It owns the descriptor, and closes it when it is
 * destroyed. The callback comes at least once after every change to ready. It
 * may also come when nothing has changed, such as when the process has to exit.
 */
class Watch {
  public:
    virtual ~Watch() = default;

    /*
     * Sets what is awaited from now on: readable, writable or both. For each of
     * these the socket must have returned EAGAIN, or less than was asked for
     * without having `ended`. Returns false if the event system refuses the
     * socket. Then nothing will ever be reported.
     */
    virtual bool await(unsigned readiness) noexcept = 0;

    /* What has been reported since the last call: an OR of Readiness. */
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
     * Takes over `fd`, a non-blocking socket. Null if the loop has no room for
     * another one; then `fd` is closed.
     */
    virtual std::unique_ptr<Watch> watch(int fd, Callback callback) = 0;
};

}  // namespace coro
