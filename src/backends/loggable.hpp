/*
 * Which part of a server's words may be logged.
 */

#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace backends {

/*
 * The beginning of an error. Servers quote arguments, passwords and values
 * among them. So everything from the first quote or comma on is left out, or
 * from the first byte that a terminal would not print.
 */
inline std::string_view loggable(std::string_view error) noexcept {
    constexpr std::size_t longest = 120;
    std::string_view all = error.substr(0, longest);

    const auto* end = std::find_if(all.begin(), all.end(), [](char c) {
        return c < ' ' || c > '~' || c == '`' || c == '\'' || c == '"' ||
               c == ',';
    });
    return all.substr(0, static_cast<std::size_t>(end - all.begin()));
}

/* The numbers at the beginning of a version, or nothing. */
inline std::string_view loggable_version(std::string_view version) noexcept {
    constexpr std::size_t longest = 32;
    std::string_view all = version.substr(0, longest);
    return all.substr(0, all.find_first_not_of("0123456789."));
}

}  // namespace backends
