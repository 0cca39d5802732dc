/*
 * Converts words of case-insensitive protocols.
 */

#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace debug {

inline std::string upper(std::string_view text) {
    std::string up(text);
    std::transform(up.begin(), up.end(), up.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    return up;
}

}  // namespace debug
