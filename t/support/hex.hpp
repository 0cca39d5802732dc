#pragma once

#include <string>

namespace support {

// Bytes in lower-case hexadecimal.
template <class Array>
std::string hex(const Array& bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
        constexpr auto digits = "0123456789abcdef";
        text += digits[byte / 16];
        text += digits[byte % 16];
    }
    return text;
}

}  // namespace support
