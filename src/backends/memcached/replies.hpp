/*
 * Received bytes that are not a whole reply yet.
 */

#pragma once

#include "backends/cleansing.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace backends::memcached {

class Replies {
  public:
    /* Throws std::bad_alloc. */
    void feed(std::string_view bytes) {
        std::size_t owed = std::min<std::uint64_t>(owed_, bytes.size());

        bytes_.erase(0, taken_);
        taken_ = 0;
        owed_ -= owed;
        bytes_.append(bytes.substr(owed));
    }

    /* What was not taken. It does not move until the next feed(). */
    std::string_view rest() const noexcept {
        return std::string_view(bytes_).substr(taken_);
    }

    /* Takes `n` bytes. If there are fewer, the missing ones are dropped when
     * they arrive. */
    void take(std::uint64_t n) noexcept {
        std::size_t there = std::min<std::uint64_t>(n, rest().size());

        taken_ += there;
        owed_ = n - there;
    }

  private:
    CleansedBytes bytes_;
    std::size_t taken_ = 0;
    std::uint64_t owed_ = 0; /* to be dropped when they arrive */
};

}  // namespace backends::memcached
