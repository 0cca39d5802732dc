/*
 * Figures that one thread changes and any thread may read, also in another
 * process that shares the memory. No update is lost, and none costs a locked
 * instruction. A build with WITHOUT_METERS counts nothing, to show what they
 * cost.
 */

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace coro {

#ifdef WITHOUT_METERS
inline constexpr bool metering = false;
#else
inline constexpr bool metering = true;
#endif

/* A number that only grows. */
class Counter {
  public:
    void add(std::uint64_t n = 1) noexcept {
        if (metering) {
            value_.store(get() + n, std::memory_order_relaxed);
        }
    }

    std::uint64_t get() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/* How much of something there is, and the highest value so far. */
class Gauge {
  public:
    void set(std::uint64_t now) noexcept {
        if (!metering) {
            return;
        }
        now_.store(now, std::memory_order_relaxed);
        if (now > highest()) {
            highest_.store(now, std::memory_order_relaxed);
        }
    }

    std::uint64_t now() const noexcept {
        return now_.load(std::memory_order_relaxed);
    }
    std::uint64_t highest() const noexcept {
        return highest_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> now_{0};
    std::atomic<std::uint64_t> highest_{0};
};

}  // namespace coro
