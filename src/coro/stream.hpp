/*
 * A connected socket that a coroutine reads, writes and waits on.
 */

#pragma once

#include "coro/coroutine.hpp"
#include "coro/loop.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <sys/socket.h>

namespace coro {

class Stream {
  public:
    explicit Stream(Scheduler& scheduler) noexcept;

    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /*
     * Connects, in place of any earlier connection. Returns 0, or an errno
     * value: ETIMEDOUT when `deadline` passed first, ENOBUFS when the event
     * loop has no room, ECANCELED when the wait was cancelled. To be called
     * in a coroutine.
     */
    int connect(const sockaddr* address, socklen_t length, Time deadline);

    /* Cancels the wait() of the stream's coroutine, if it is in one. */
    void close() noexcept;

    bool is_open() const noexcept { return watch_ != nullptr; }

    /*
     * Whether a read, or a write, or any of them may now do something. After so
     * many reads that the loop needs a turn, none may before a wait().
     */
    bool may(unsigned readiness) noexcept;
    bool may_read() noexcept { return may(readable); }
    bool may_write() noexcept { return may(writable); }

    /*
     * Reads what is there. Returns the number of bytes, or 0 if there are none
     * now. Returns nothing at the end of the stream (errno is 0) or on an error
     * (errno; ENOBUFS if the event loop refuses the socket). Never waits.
     */
    std::optional<std::size_t> read(std::span<char> buffer) noexcept;

    /* Writes what fits. Returns likewise, the number of bytes taken. */
    std::optional<std::size_t> write(std::string_view data) noexcept;

    /*
     * Suspends the running coroutine until the stream is any of `readiness`,
     * wake() is called, or `deadline` has passed. Returns Wake::cancelled when
     * the stream is closed. Does not wait for what is already there. But a
     * coroutine that never has to wait gives the loop a turn at times.
     */
    Wake wait(unsigned readiness, Time deadline) noexcept;

    /* Ends the wait() of the stream's coroutine, if it is in one. */
    void wake(Wake how = Wake::ready) noexcept;

  private:
    int finish_connect(Time deadline) noexcept;
    bool is_ready(unsigned readiness) noexcept;
    Wake suspend(Time deadline) noexcept;
    void notice() noexcept;

    Scheduler& scheduler_;
    std::unique_ptr<Watch> watch_;
    int fd_ = -1; /* the watch owns it */
    unsigned ready_ = 0;
    int refused_ = 0;     /* by the event loop: an errno value */
    unsigned rounds_ = 0; /* since the loop had its turn */
    std::optional<Waker> waiter_;
};

}  // namespace coro
