/*
 * Under which names a session may be in a store, and how IDs and names are
 * shown.
 */

#pragma once

#include "sessions/sealing_key.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace debug {

class Names {
  public:
    /* In full, or else shortened: "5f0c…a1". */
    explicit Names(session_cache::SealingKeys keys = {}, bool full_ids = false);

    /*
     * What a session's name ends with: its ID in hexadecimal, or with keys
     * its keyed hashes. (With --key file a fleet that does not seal yet is
     * understood, too.)
     */
    std::vector<std::string> of(std::string_view id) const;

    /* An ID's bytes; of hexadecimal digits. */
    std::string show(std::string_view id) const;
    std::string show_hex(std::string_view digits) const;

    /* A key of the store that ends with so many digits of a name. */
    std::string show_key(std::string_view key, std::size_t digits) const;

  private:
    session_cache::SealingKeys keys_;
    bool full_ids_;
};

std::string hex(std::string_view bytes);

/* The hexadecimal digits at the end of a key, as many as a name has. */
std::string_view digits_of(std::string_view key);

/* Without what would move a terminal's cursor or end a line. */
std::string printable(std::string_view text);

}  // namespace debug
