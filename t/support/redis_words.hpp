#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace support {

// Takes a command such as "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n" off, and returns
// its words. Nothing if it is incomplete.
std::optional<std::vector<std::string_view>>
take_words(std::string_view& bytes);

}  // namespace support
