/*
 * The names that a session may have in a store, and how IDs and names are
 * shown.
 */

#pragma once

#include "sessions/naming_key.hpp"

#include <array>
#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace debug {

/* The digits at the end of a session's name, 64 at most. */
struct SessionName {
    std::array<unsigned char, 32> digits{}; /* two per byte */
    unsigned char count = 0;                /* 0: not a session's name */

    auto operator<=>(const SessionName&) const = default;  // NOLINT(*-nullptr)
};

/* The name in a key of the store. */
SessionName session_name(std::string_view key);

class Names {
  public:
    /* Without `full_ids`, IDs are shortened: "5f0c…a1". */
    explicit Names(session_cache::NamingKeys keys = {}, bool full_ids = false);

    /*
     * What a session's name can end with: its ID in hexadecimal and, if there
     * are keys, its keyed hashes. So a fleet that does not seal yet is
     * understood even with --key.
     */
    std::vector<SessionName> of(std::string_view id) const;

    bool has_keys() const noexcept { return !keys_.empty(); }

    /* The hexadecimal digits of an ID. */
    std::string show(std::string_view id) const;
    std::string show_hex(std::string_view digits) const;

    /* A key of the store that ends with `digits` digits of a name. A long key
     * is shown without its beginning. */
    std::string show_key(std::string_view key, std::size_t digits) const;

  private:
    session_cache::NamingKeys keys_;
    bool full_ids_;
};

std::string hex(std::string_view bytes);

/* "5f0c…a1". Digits that are hardly longer stay whole. */
std::string shortened(std::string_view digits);
std::string shortened(const SessionName& name);

/* The hexadecimal digits at the end of a key, at most those of a name. */
std::string_view digits_of(std::string_view key);

/*
 * Replaces what would move a terminal's cursor, end a line or change its
 * direction: control characters of C0 and C1, separators, and direction marks.
 * Also replaces invalid UTF-8, because an 8-bit terminal takes it for C1.
 */
std::string printable(std::string_view text);

}  // namespace debug
