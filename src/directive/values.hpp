/*
 * Readers for the values of the directive's parameters. Each returns false,
 * nothing or 0 for a text that is not of its kind.
 */

#pragma once

#include "directive/directive.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace session_cache {

/* Only a whole decimal number of at most `max`. */
std::optional<std::uint64_t> read_number(std::string_view text,
                                         std::uint64_t max);

/* A number from 1 to `max`, or 0. */
std::uint64_t read_positive(std::string_view text, std::uint64_t max);

/* Milliseconds as a plain number, or a number with one of nginx's units. */
std::optional<std::chrono::milliseconds> read_time(std::string_view text);

/* Printable ASCII characters without blanks, or an empty text. */
bool is_word(std::string_view text);

/* "on" or "off". */
bool read_flag(std::string_view text, bool& flag);

/* A password, or user:password. A password with a colon is written as
 * :password. */
bool read_credentials(std::string_view text, std::string& user,
                      std::string& password);

/* An address, [IPv6 address] or name, each with or without :port, or
 * unix:/path. Then ",weight=" may follow. */
bool read_server(std::string_view text, ServerParameters& server);

}  // namespace session_cache
