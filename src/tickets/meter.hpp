/*
 * Counters for stateless tickets and their keys. Their owner decides where they
 * lie, such as in memory that processes share.
 */

#pragma once

#include "coro/meter.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace session_cache::tickets {

/* The age of an opened ticket's slot. */
enum class Age { current, previous, older, count };

/* Why a ticket was not opened, or not believed. */
enum class Unopened {
    foreign,   /* not a name of ours, or long expired: not asked for */
    missing,   /* the store has no seed for it */
    no_answer, /* the store did not answer, or it was not asked */
    damaged,   /* it was not made with its key */
    refused,   /* its session is not for this client: see Refusal */
    count
};

inline constexpr std::size_t n_ages = static_cast<std::size_t>(Age::count);
inline constexpr std::size_t n_unopened =
    static_cast<std::size_t>(Unopened::count);

struct Meter {
    /* The start of the slot whose key makes tickets now, in seconds since 1970.
     * 0 if there is none. */
    std::atomic<std::int64_t> slot{0};

    coro::Gauge keys;       /* keys that are held */
    coro::Counter rotated;  /* times that another slot's key came into use */
    coro::Counter late;     /* slots that began without a key of their own */
    coro::Counter made;     /* seeds */
    coro::Counter fetched;  /* seeds, from the store */
    coro::Counter put_back; /* seeds that the store had lost */

    std::array<coro::Counter, n_ages> opened{};
    std::array<coro::Counter, n_unopened> not_opened{};

    void add(Age age) noexcept { opened[static_cast<std::size_t>(age)].add(); }
    void add(Unopened why) noexcept {
        not_opened[static_cast<std::size_t>(why)].add();
    }
};

}  // namespace session_cache::tickets
