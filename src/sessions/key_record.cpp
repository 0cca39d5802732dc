#include "sessions/key_record.hpp"

#include "sessions/value.hpp"

#include <algorithm>

namespace session_cache {

namespace {

constexpr std::size_t digits = 2 * sizeof(SealingKey::Id);
constexpr std::size_t most = 64; /* keys */

std::string text_of(const SealingKey& key) {
    return name_of("", key.id());
}

}  // namespace

std::string key_record_name(std::string_view prefix) {
    return std::string(prefix) + "keys";
}

std::string key_record(const SealingKeys& keys) {
    std::string record;

    for (const SealingKey& key : keys) {
        record += (record.empty() ? "" : " ") + text_of(key);
    }
    return record;
}

bool is_key_record(std::string_view record) noexcept {
    constexpr std::string_view hexadecimal = "0123456789abcdef";

    for (std::size_t at = 0; at < record.size(); ++at) {
        bool is_space = at % (digits + 1) == digits;
        if (is_space ? record[at] != ' '
                     : hexadecimal.find(record[at]) == hexadecimal.npos) {
            return false;
        }
    }
    return record.size() % (digits + 1) == digits &&
           record.size() <= most * (digits + 1);
}

/* A separator prevents a match across two identifiers. */
bool fits(std::string_view record, const SealingKeys& keys) {
    auto has_first = [&](const SealingKey& key) {
        return record.starts_with(text_of(key));
    };

    return !keys.empty() && is_key_record(record) &&
           record.find(text_of(keys.front())) != record.npos &&
           std::any_of(keys.begin(), keys.end(), has_first);
}

}  // namespace session_cache
