#include "debug/stories/percentiles.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace debug {

/* Values below 2^fine have one bucket each. Above, each power of two has
 * 2^fine. */
unsigned Percentiles::bucket_of(std::uint64_t value) noexcept {
    if (value < (1U << fine)) {
        return static_cast<unsigned>(value);
    }
    unsigned shift = std::bit_width(value) - fine - 1;
    auto mantissa = static_cast<unsigned>(value >> shift) - (1U << fine);
    return ((shift + 1) << fine) + mantissa;
}

std::uint64_t Percentiles::upper_bound(unsigned bucket) noexcept {
    if (bucket < (1U << fine)) {
        return bucket;
    }
    unsigned shift = (bucket >> fine) - 1;
    std::uint64_t mantissa = (bucket & ((1U << fine) - 1)) + (1U << fine);
    return ((mantissa + 1) << shift) - 1;
}

void Percentiles::add(Microseconds time) {
    time = std::max(time, Microseconds(0));
    ++counts_.at(bucket_of(static_cast<std::uint64_t>(time.count())));
    ++count_;
    max_ = std::max(max_, time);
}

Microseconds Percentiles::at(double percent) const {
    auto rank = static_cast<std::uint64_t>(
        std::ceil(percent / 100 * static_cast<double>(count_)));
    std::uint64_t seen = 0;

    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
        seen += counts_[bucket];
        if (seen >= rank && seen != 0) {
            auto bound = static_cast<std::int64_t>(upper_bound(bucket));
            return std::min(Microseconds(bound), max_);
        }
    }
    return Microseconds(0);
}

}  // namespace debug
