#include "support/redis_words.hpp"

#include "numbers/number.hpp"

namespace support {

std::optional<std::vector<std::string_view>>
take_words(std::string_view& bytes) {
    auto rest = bytes;
    const auto head = [&](char kind) -> std::optional<std::size_t> {
        const auto end = rest.find("\r\n");
        if (end == rest.npos || !rest.starts_with(kind)) {
            return std::nullopt;
        }
        const auto n = numbers::read<std::size_t>(rest.substr(1, end - 1));
        rest.remove_prefix(end + 2);
        return n;
    };

    const auto count = head('*');
    std::vector<std::string_view> words;
    while (count && words.size() < *count) {
        const auto length = head('$');
        if (!length || rest.size() < *length + 2) {
            return std::nullopt;
        }
        words.push_back(rest.substr(0, *length));
        rest.remove_prefix(*length + 2);
    }
    if (!count) {
        return std::nullopt;
    }
    bytes = rest;
    return words;
}

}  // namespace support
