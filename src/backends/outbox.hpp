/*
 * Outgoing commands: when they leave, and how many at a time.
 *
 * On loopback, the sender of a segment pays for its receiver's work, which is
 * more than everything else that a command costs. So commands are gathered for
 * one write. An urgent command leaves at the end of the turn. So a new session
 * is on its way to the store before the client, which has just received it, can
 * ask another worker for it.
 */

#pragma once

#include "backends/cleansing.hpp"
#include "backends/connection.hpp"
#include "backends/gather.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace backends {

class Outbox {
  public:
    /* Both arguments have to outlive it. Throws std::bad_alloc. */
    Outbox(coro::Loop& loop, Connection& connection);

    /* Append whole commands to it, then call queued(). */
    CleansedBytes& bytes() noexcept { return bytes_; }

    /*
     * What is appended from now on leaves in a write of its own, after what is
     * there. Throws std::bad_alloc.
     */
    void cut();

    /* Undoes the last cut(), after what followed it was removed. */
    void uncut() noexcept;

    /* Sends what was appended soon; if `urgent`, with this turn. */
    void queued(bool urgent) noexcept;

    /* Writes as much as the connection takes now. Never waits. */
    void flush() noexcept;

    /*
     * Whether bytes are left that the connection did not take. Its coroutine is
     * then woken, and has to wait until it may write, and flush().
     */
    bool blocked() const noexcept { return blocked_; }

    /* Why nothing can be written any more: an errno value, or 0. */
    int error() const noexcept { return error_; }

    /* Forgets what has not left, and any error. For a new connection. */
    void clear() noexcept;

  private:
    std::size_t next_end(std::size_t sent) noexcept;

    Connection& connection_;
    CleansedBytes bytes_;
    std::uint64_t gone_ = 0;         /* bytes that have left */
    std::deque<std::uint64_t> cuts_; /* the value of gone_ at each cut */
    bool blocked_ = false;
    int error_ = 0;

    Gather gather_;
};

}  // namespace backends
