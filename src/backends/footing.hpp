/*
 * How far a server can be relied on to remember: since when it has been asked
 * without a break and has thrown nothing out, and how its clock compares with
 * this machine's.
 */

#pragma once

#include "coro/wait.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace backends {

/* A machine's time, in milliseconds since 1970. It throws nothing. */
using WallClock = std::function<std::chrono::milliseconds()>;

/* How far the store's clock is ahead of this machine's, with a maximum
 * error. */
struct Skew {
    /* The largest difference of clocks that is not reported. */
    static constexpr std::chrono::milliseconds tolerated{10000};

    std::chrono::milliseconds ahead{};
    std::chrono::milliseconds uncertain{};

    bool is_tolerable() const noexcept {
        return std::chrono::abs(ahead) + uncertain <= tolerated;
    }
};

/* What is known at some time. */
struct Footing {
    std::optional<coro::Time> since{}; /* of the loop's clock; empty: never */
    std::optional<Skew> skew{};        /* empty: not measured recently */
};

/* What a server reports about itself in a survey. */
struct Survey {
    std::optional<std::chrono::milliseconds> time{}; /* since 1970 */
    std::chrono::milliseconds resolution{};    /* it may be this much later */
    std::optional<std::uint64_t> thrown_out{}; /* values, ever */
};

/* Finds the footing of a server, over its successive connections. */
class Ground {
  public:
    /* How often clocks are compared, less up to a quarter at random, and how
     * long a result is valid. */
    static constexpr coro::Time period = std::chrono::minutes(5);
    static constexpr coro::Time good_for = std::chrono::minutes(15);

    /* `wall` is null for the system's clock. */
    explicit Ground(WallClock wall) : wall_(std::move(wall)) {}

    /* The connection is gone. The next one may be to another machine. */
    void lost() noexcept;

    /* The server has said that it is not what it was. */
    void shaken(coro::Time now) noexcept;

    /* How many values the server has thrown out so far; empty if unknown. */
    void counted(std::optional<std::uint64_t> thrown_out,
                 coro::Time now) noexcept;

    /* The server was asked for its time at `asked`, and has answered. */
    void compared(std::chrono::milliseconds time,
                  std::chrono::milliseconds resolution, coro::Time asked,
                  coro::Time now) noexcept;

    Footing at(coro::Time now) const noexcept;

  private:
    std::chrono::milliseconds wall() const noexcept;

    WallClock wall_;
    std::optional<coro::Time> since_{};
    std::optional<std::uint64_t> thrown_out_{};

    /* How far the server's clock is ahead of the loop's, whose zero is
     * arbitrary and which nobody sets. So a change of this machine's clock is
     * noticed at once. */
    std::chrono::milliseconds ahead_of_loop_{};
    std::chrono::milliseconds uncertain_{};
    std::optional<coro::Time> compared_{};
};

}  // namespace backends
