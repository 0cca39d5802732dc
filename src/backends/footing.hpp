/*
 * How far a server can be relied on to remember: since when it has been the
 * one that is asked, without a break and without having thrown anything out,
 * and how its clock compares with this machine's.
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

/* How far the store's clock is ahead of this machine's, at most so much off. */
struct Skew {
    /* What clocks may differ by; more is told. */
    static constexpr std::chrono::milliseconds tolerated{10000};

    std::chrono::milliseconds ahead{};
    std::chrono::milliseconds uncertain{};

    bool is_tolerable() const noexcept {
        return std::chrono::abs(ahead) + uncertain <= tolerated;
    }
};

/* What is known at a time. */
struct Footing {
    std::optional<coro::Time> since{}; /* of the loop's clock; none: never */
    std::optional<Skew> skew{};        /* none: not measured of late */
};

/* What a server tells of itself in a survey. */
struct Survey {
    std::optional<std::chrono::milliseconds> time{}; /* since 1970 */
    std::chrono::milliseconds resolution{};    /* how much later it may be */
    std::optional<std::uint64_t> thrown_out{}; /* values, ever */
};

/* Finds out, from one connection after the other to a server. */
class Ground {
  public:
    /* How often clocks are compared, less up to a quarter at random, and how
     * long that is good for. */
    static constexpr coro::Time period = std::chrono::minutes(5);
    static constexpr coro::Time good_for = std::chrono::minutes(15);

    /* `wall` may be null, for the system's. */
    explicit Ground(WallClock wall) : wall_(std::move(wall)) {}

    /* There is no connection: the next one may be to another machine. */
    void lost() noexcept;

    /* The server said that it is not what it was. */
    void shaken(coro::Time now) noexcept;

    /* How many values the server has thrown out by now; none: nobody knows. */
    void counted(std::optional<std::uint64_t> thrown_out,
                 coro::Time now) noexcept;

    /* The server has told the time when it was asked at `asked`. */
    void compared(std::chrono::milliseconds time,
                  std::chrono::milliseconds resolution, coro::Time asked,
                  coro::Time now) noexcept;

    Footing at(coro::Time now) const noexcept;

  private:
    std::chrono::milliseconds wall() const noexcept;

    WallClock wall_;
    std::optional<coro::Time> since_{};
    std::optional<std::uint64_t> thrown_out_{};

    /* By how much the server's clock, which may stand for any of its
     * machine's, is ahead of the loop's, which nobody sets. So if somebody sets
     * this machine's, that is seen at once. */
    std::chrono::milliseconds ahead_of_loop_{};
    std::chrono::milliseconds uncertain_{};
    std::optional<coro::Time> compared_{};
};

}  // namespace backends
