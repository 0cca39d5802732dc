/*
 * Reads big-endian fields from bytes that may end anywhere.
 */

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace debug {

class Cursor {
  public:
    explicit Cursor(std::string_view bytes) noexcept : rest_(bytes) {}

    bool empty() const noexcept { return rest_.empty(); }
    std::size_t left() const noexcept { return rest_.size(); }

    /* Whether a read went past the end. */
    bool failed() const noexcept { return failed_; }

    std::string_view take(std::size_t size) noexcept {
        if (size > rest_.size()) {
            failed_ = true;
            size = rest_.size();
        }
        std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::uint32_t number(std::size_t width) noexcept {
        std::uint32_t value = 0;
        for (unsigned char byte : take(width)) {
            value = value << 8 | byte;
        }
        return value;
    }

    /* A block that is preceded by its length, in `width` bytes. */
    std::string_view block(std::size_t width) noexcept {
        return take(number(width));
    }

  private:
    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace debug
