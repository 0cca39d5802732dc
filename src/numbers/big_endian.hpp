/*
 * Numbers as bytes in network order, the most significant byte first.
 */

#pragma once

#include <cstdint>

namespace numbers {

/* Writes the lowest `size` bytes of a number, 1 to 8, to an iterator of bytes.
 * Returns the iterator behind them. */
template <class Iterator>
Iterator put_big_endian(std::uint64_t number, unsigned size, Iterator to) {
    while (size-- != 0) {
        *to++ = static_cast<unsigned char>(number >> size * 8U);
    }
    return to;
}

/* The number in up to 8 bytes, of any byte type. */
template <class Bytes>
std::uint64_t read_big_endian(const Bytes& bytes) noexcept {
    std::uint64_t number = 0;
    for (auto byte : bytes) {
        number = number << 8U | static_cast<unsigned char>(byte);
    }
    return number;
}

}  // namespace numbers
