#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace support {

// "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n": its words, taken off; nothing: it is not
// there as a whole.
std::optional<std::vector<std::string_view>>
take_words(std::string_view& bytes);

}  // namespace support
