/*
 * What the client of one server counts. Its owner decides where it lies, such
 * as in memory that processes share.
 */

#pragma once

#include "backends/note.hpp"
#include "coro/meter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <string_view>

namespace backends {

/* How a fetch ended, except for `queued`, which is how it begins. */
enum class Status {
    hit,       /* the value is there */
    miss,      /* the store answered that it has none */
    timeout,   /* there was no answer in time */
    down,      /* not connected, or the connection was lost */
    busy,      /* the queue is full, memory is short, or nobody can wait */
    failed,    /* the store answered with an error */
    cancelled, /* the coroutine's owner cancelled the wait */
    queued,    /* store(), erase(): on its way; a failure will be logged */
};

inline constexpr std::size_t n_fetch_results =
    static_cast<std::size_t>(Status::queued);

/* What became of a set or delete. */
enum class Change {
    done,   /* the store has confirmed it */
    failed, /* the store answered with an error */
    lost,   /* not answered before the connection was lost */
    down,   /* not connected: not queued */
    busy,   /* the queue is full, or memory is short: not queued */
    count
};

inline constexpr std::size_t n_changes =
    static_cast<std::size_t>(Change::count);

using Changes = std::array<coro::Counter, n_changes>;

/* Counts durations in classes. */
class Histogram {
  public:
    /* The longest duration of each class, in microseconds. The last class has
     * no bound. */
    static constexpr std::array<std::uint64_t, 16> bounds{
        50,      100,       250,       500,       1'000,   2'500,
        5'000,   10'000,    25'000,    50'000,    100'000, 250'000,
        500'000, 1'000'000, 2'500'000, 10'000'000};
    static constexpr std::size_t size = bounds.size() + 1;

    void add(std::chrono::microseconds duration) noexcept {
        auto value = static_cast<std::uint64_t>(duration.count());
        const auto* bound =
            std::lower_bound(bounds.begin(), bounds.end(), value);
        classes_[static_cast<std::size_t>(bound - bounds.begin())].add();
        sum_.add(value);
    }

    const std::array<coro::Counter, size>& classes() const noexcept {
        return classes_;
    }
    std::uint64_t sum() const noexcept { return sum_.get(); }

  private:
    std::array<coro::Counter, size> classes_{};
    coro::Counter sum_; /* microseconds */
};

/* Kinds of requests. For each kind, the last answer shows whether it works. */
enum class Kind { get, add, set, del };

inline constexpr std::size_t n_kinds = 4;

struct Meter {
    enum class State { connecting, up, down, closed };

    std::atomic<State> state{State::connecting};

    /* How far the server's clock was ahead of this machine's, in milliseconds,
     * and when, in seconds since 1970. 0: it has not answered; -1: it is not
     * asked. */
    std::atomic<int> clock_ahead{0};
    std::atomic<std::int64_t> clock_at{-1};

    std::atomic<std::int64_t> since{0}; /* seconds since 1970 */
    coro::Counter connects;
    coro::Counter losses; /* of a connection that was up */
    coro::Gauge queue;    /* requests that have no answer yet */

    /* For a Redis Cluster as a whole, which has slots instead of a connection:
     * how many slots have a connected server, or -1 if it is not a cluster. And
     * when the slots were last reported, in seconds since 1970, or 0. */
    std::atomic<int> slots{-1};
    std::atomic<std::int64_t> told{0};

    std::array<coro::Counter, n_fetch_results> fetches{};
    Changes stores{};
    Changes erases{};
    coro::Counter bytes_fetched; /* of values, likewise below */
    coro::Counter bytes_stored;  /* confirmed by the server */
    Histogram latency; /* of fetches that waited, except cancelled ones */

    /* Which kinds failed at their last request on this connection: a bit for
     * each Kind. */
    std::atomic<unsigned> failing{0};

    /* The last error, and when it was, in seconds since 1970 (0: never). And
     * since when something has been wrong without a break. */
    Note error;
    std::atomic<std::int64_t> error_at{0};
    std::atomic<std::int64_t> wrong_since{0}; /* 0: all is well */

    void went_wrong(std::string_view why) noexcept {
        std::int64_t now = std::time(nullptr);
        if (wrong_since == 0) {
            wrong_since = now;
        }
        error.set(why);
        error_at = now;
    }

    void answered(Kind kind, bool worked) noexcept {
        unsigned bit = 1U << static_cast<unsigned>(kind);
        failing = worked ? failing & ~bit : failing | bit;
        if (worked && failing == 0 && state == State::up) {
            wrong_since = 0;
        }
    }

    void note_clock(std::chrono::milliseconds ahead) noexcept {
        using Limits = std::numeric_limits<int>;
        clock_ahead = static_cast<int>(std::clamp<std::int64_t>(
            ahead.count(), Limits::min() + 1, Limits::max()));
        clock_at = std::time(nullptr);
    }

    void note(State now) noexcept {
        if (state.exchange(now) != now || since == 0) {
            since = std::time(nullptr);
        }
    }

    /* Counts the result of a fetch: `size` bytes after `took`, which is 0 if
     * nobody had to wait. */
    void measure(Status status, std::chrono::microseconds took,
                 std::size_t size) noexcept {
        fetches[static_cast<std::size_t>(status)].add();

        if (took.count() != 0 && status != Status::cancelled) {
            latency.add(took);
        }
        if (status == Status::hit) {
            bytes_fetched.add(size);
        }
    }
};

}  // namespace backends
