/*
 * The distribution of times in bounded memory, counted in buckets that are at
 * most 3 % wide, like HdrHistogram's.
 */

#pragma once

#include "debug/capture/time.hpp"

#include <array>
#include <cstdint>

namespace debug {

class Percentiles {
  public:
    void add(Microseconds time);

    std::uint64_t count() const noexcept { return count_; }
    Microseconds max() const noexcept { return max_; }

    /* The time that `percent` of them do not exceed; 0 if there is none. */
    Microseconds at(double percent) const;

  private:
    static constexpr unsigned fine = 5; /* bits of a bucket's mantissa */
    static constexpr unsigned buckets = (64 - fine) << fine;

    static unsigned bucket_of(std::uint64_t value) noexcept;
    static std::uint64_t upper_bound(unsigned bucket) noexcept;

    std::array<std::uint32_t, buckets> counts_{};
    std::uint64_t count_ = 0;
    Microseconds max_{0};
};

}  // namespace debug
