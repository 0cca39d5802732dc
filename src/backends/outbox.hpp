/*
 * Commands on their way to a store: when they leave, and how many at a time.
 *
 * On loopback the sender of a segment pays for its receiver's work, more
 * than all else that a command costs; so commands are gathered for one
 * write. An urgent one leaves at the end of the turn: so a new session is on
 * its way to the store before a client that has just heard of it can ask
 * another worker for it.
 */

#pragma once

#include "backends/cleansing.hpp"
#include "backends/connection.hpp"
#include "backends/gather.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>

namespace backends {

class Outbox {
  public:
    /* Both have to outlive it. Throws std::bad_alloc. */
    Outbox(coro::Loop& loop, Connection& connection);

    /* To append whole commands to; then queued() is to be called. */
    CleansedBytes& bytes() noexcept { return bytes_; }

    /*
     * All that was appended up to now leaves before what follows, as a write
     * of its own; if `more`, then together with what precedes it. To be
     * called for each command or for none, after make_room_for_cut().
     */
    void cut(bool more) noexcept;

    /* Throws std::bad_alloc. It changes nothing until cut() is called. */
    void make_room_for_cut();

    /* Lets what was appended leave soon: if `urgent`, with this turn. */
    void queued(bool urgent) noexcept;

    /* Writes all that the connection takes now. Never waits. */
    void flush() noexcept;

    /*
     * Whether bytes are left that the connection did not take. Its coroutine,
     * which is woken then, has to wait until it may write, and flush().
     */
    bool blocked() const noexcept { return blocked_; }

    /* Why nothing can be written any more: an errno value, or 0. */
    int error() const noexcept { return error_; }

    /* Forgets what has not left, and any error: for a new connection. */
    void clear() noexcept;

  private:
    std::size_t next_end(std::size_t sent) noexcept;

    Connection& connection_;
    CleansedBytes bytes_;
    std::uint64_t gone_ = 0; /* bytes that have left */

    /* How many will have, at each; room for the next one is `none`. */
    static constexpr std::uint64_t none =
        std::numeric_limits<std::uint64_t>::max();
    std::deque<std::uint64_t> cuts_;
    bool blocked_ = false;
    int error_ = 0;

    Gather gather_;
};

}  // namespace backends
