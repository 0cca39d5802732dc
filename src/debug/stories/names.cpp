#include "debug/stories/names.hpp"
#include "sessions/value.hpp"

#include <algorithm>

namespace debug {

namespace {

using session_cache::name_of;

session_cache::SessionId as_id(std::string_view bytes) {
    return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

}  // namespace

Names::Names(session_cache::SealingKeys keys, bool full_ids)
    : keys_(std::move(keys)), full_ids_(full_ids) {}

std::vector<std::string> Names::of(std::string_view id) const {
    std::vector<std::string> names{name_of("", as_id(id))};
    for (const session_cache::SealingKey& key : keys_) {
        names.push_back(name_of("", as_id(id), key));
    }
    return names;
}

std::string Names::show(std::string_view id) const {
    return show_hex(hex(id));
}

std::string Names::show_hex(std::string_view digits) const {
    if (full_ids_ || digits.size() <= 8) {
        return std::string(digits);
    }
    return std::string(digits.substr(0, 4)) + "…" +
           std::string(digits.substr(digits.size() - 2));
}

std::string Names::show_key(std::string_view key, std::size_t digits) const {
    std::size_t prefix = key.size() - std::min(digits, key.size());
    return printable(key.substr(0, prefix)) +
           printable(show_hex(key.substr(prefix)));
}

std::string hex(std::string_view bytes) {
    return name_of("", as_id(bytes));
}

std::string_view digits_of(std::string_view key) {
    constexpr std::size_t longest = 64;
    std::size_t start = key.size();
    while (start > 0 && key.size() - start < longest &&
           ((key[start - 1] >= '0' && key[start - 1] <= '9') ||
            (key[start - 1] >= 'a' && key[start - 1] <= 'f'))) {
        --start;
    }
    return key.substr(start);
}

std::string printable(std::string_view text) {
    std::string shown;
    for (char c : text) {
        /* UTF-8 is left alone, but for C1 control characters. */
        auto byte = static_cast<unsigned char>(c);
        shown += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    return shown;
}

}  // namespace debug
