#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

// The fuzzer's input, from which a target takes pieces.
class Input {
  public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}

    bool empty() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

    // As many as are left, if there are fewer.
    std::string_view take(std::size_t size) {
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }

    // Big-endian, from as many bytes as are left; 0 if there are none.
    template <class Number>
    Number number() {
        Number value{};
        for (const unsigned char byte : take(sizeof value)) {
            value = static_cast<Number>(value << 8 | byte);
        }
        return value;
    }

    unsigned byte() { return number<unsigned char>(); }

  private:
    std::string_view rest_;
};

// A target: checks what one input leads to with doctest's assertions.
void fuzz(Input input);
