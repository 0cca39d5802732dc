/*
 * Bytes that came and are no whole reply yet.
 */

#pragma once

#include "backends/cleansing.hpp"

#include <cstddef>
#include <string_view>

namespace backends::memcached {

class Replies {
  public:
    /* Throws std::bad_alloc. */
    void feed(std::string_view bytes) {
        bytes_.erase(0, taken_);
        taken_ = 0;
        bytes_.append(bytes);
    }

    /* What was not taken. It stays where it is until the next feed(). */
    std::string_view rest() const noexcept {
        return std::string_view(bytes_).substr(taken_);
    }

    void take(std::size_t n) noexcept { taken_ += n; }

  private:
    CleansedBytes bytes_;
    std::size_t taken_ = 0;
};

}  // namespace backends::memcached
