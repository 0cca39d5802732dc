/*
 * Under which names a session may be in a store, and how IDs and names are
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

/* The digits that a session's name ends with, 64 at most. */
struct SessionName {
    std::array<unsigned char, 32> digits{}; /* two in each */
    unsigned char count = 0;                /* 0: it names no session */

    auto operator<=>(const SessionName&) const = default;  // NOLINT(*-nullptr)
};

/* That of a key of the store. */
SessionName session_name(std::string_view key);

class Names {
  public:
    /* In full, or else shortened: "5f0c…a1". */
    explicit Names(session_cache::NamingKeys keys = {}, bool full_ids = false);

    /*
     * What a session's name ends with: its ID in hexadecimal, or with keys
     * its keyed hashes. (With --key file a fleet that does not seal yet is
     * understood, too.)
     */
    std::vector<SessionName> of(std::string_view id) const;

    bool has_keys() const noexcept { return !keys_.empty(); }

    /* An ID's bytes; of hexadecimal digits. */
    std::string show(std::string_view id) const;
    std::string show_hex(std::string_view digits) const;

    /* A key of the store that ends with so many digits of a name; of a long
     * one the beginning is left out. */
    std::string show_key(std::string_view key, std::size_t digits) const;

  private:
    session_cache::NamingKeys keys_;
    bool full_ids_;
};

std::string hex(std::string_view bytes);

/* "5f0c…a1"; what is hardly longer, whole. */
std::string shortened(std::string_view digits);
std::string shortened(const SessionName& name);

/* The hexadecimal digits at the end of a key, as many as a name has. */
std::string_view digits_of(std::string_view key);

/*
 * Without what would move a terminal's cursor, end a line or turn it around:
 * control characters of C0 and C1, separators, and directions. What is no
 * UTF-8 is not left either, as a terminal of 8 bits has C1 there.
 */
std::string printable(std::string_view text);

}  // namespace debug
