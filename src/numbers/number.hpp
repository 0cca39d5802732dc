/*
 * Numbers as text.
 */

#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace numbers {

/* Reads a whole decimal number, without blanks or a plus. Nothing if the text
 * is anything else, or if the number does not fit. */
template <class Number>
std::optional<Number> read(std::string_view text) noexcept {
    Number value = 0;
    const char* end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data(), end, value);

    if (error != std::errc() || rest != end) {
        return std::nullopt;
    }
    return value;
}

}  // namespace numbers
