#include "debug/stories/names.hpp"
#include "sessions/value.hpp"

#include <algorithm>
#include <bit>

namespace debug {

namespace {

using session_cache::name_of;

session_cache::SessionId as_id(std::string_view bytes) {
    return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

struct Character {
    char32_t code;
    std::size_t size; /* in bytes */
};

/* Each byte of invalid UTF-8 (RFC 3629) is taken as a control character. */
Character first_of(std::string_view text) {
    auto byte = [&](std::size_t i) {
        return static_cast<unsigned char>(text[i]);
    };
    constexpr Character none{0, 1};
    constexpr char32_t least[]{0, 0, 0x80, 0x800, 0x10000};

    unsigned first = byte(0);
    if (first < 0x80) {
        return {first, 1};
    }
    auto size = static_cast<std::size_t>(std::countl_one(byte(0)));
    if (size == 1 || size > 4 || size > text.size()) {
        return none;
    }
    char32_t code = first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return none;
        }
        code = code << 6 | (byte(i) & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[size] || code > 0x10ffff || surrogate
               ? none
               : Character{code, size};
}

bool is_printable(char32_t code) {
    auto between = [&](char32_t first, char32_t last) {
        return code >= first && code <= last;
    };
    return code >= 0x20 && !between(0x7f, 0x9f) && code != 0x61c &&
           !between(0x200b, 0x200f) && !between(0x2028, 0x202e) &&
           !between(0x2060, 0x206f) && code != 0xfeff;
}

}  // namespace

SessionName session_name(std::string_view key) {
    SessionName name;
    for (char digit : digits_of(key)) {
        auto value = static_cast<unsigned char>(
            digit <= '9' ? digit - '0' : digit - 'a' + 10);
        name.digits[name.count / 2] |= static_cast<unsigned char>(
            name.count % 2 == 0 ? value << 4 : value);
        ++name.count;
    }
    return name;
}

Names::Names(session_cache::NamingKeys keys, bool full_ids)
    : keys_(std::move(keys)), full_ids_(full_ids) {}

std::vector<SessionName> Names::of(std::string_view id) const {
    std::vector<SessionName> names{session_name(hex(id))};
    for (const session_cache::NamingKey& key : keys_) {
        session_cache::NamingKey::Name hash = key.name(as_id(id));
        names.push_back({hash, 2 * hash.size()});
    }
    return names;
}

std::string Names::show(std::string_view id) const {
    return show_hex(hex(id));
}

std::string Names::show_hex(std::string_view digits) const {
    return full_ids_ ? std::string(digits) : shortened(digits);
}

std::string Names::show_key(std::string_view key, std::size_t digits) const {
    constexpr std::size_t longest_prefix = 64;
    std::size_t prefix = key.size() - std::min(digits, key.size());
    std::size_t cut = prefix - std::min(prefix, longest_prefix);
    return (cut != 0 ? "…" : "") + printable(key.substr(cut, prefix - cut)) +
           printable(show_hex(key.substr(prefix)));
}

std::string hex(std::string_view bytes) {
    return name_of("", as_id(bytes));
}

std::string shortened(std::string_view digits) {
    if (digits.size() <= 8) {
        return std::string(digits);
    }
    return std::string(digits.substr(0, 4)) + "…" +
           std::string(digits.substr(digits.size() - 2));
}

std::string shortened(const SessionName& name) {
    std::string digits = hex({reinterpret_cast<const char*>(name.digits.data()),
                              name.digits.size()});
    return shortened(std::string_view(digits).substr(0, name.count));
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
    while (!text.empty()) {
        Character next = first_of(text);
        if (is_printable(next.code)) {
            shown += text.substr(0, next.size);
        } else {
            shown += '?';
        }
        text.remove_prefix(next.size);
    }
    return shown;
}

}  // namespace debug
