/*
 * What the values of the directive's parameters say. Each reader says with
 * false, nothing or 0 that a text is none of its kind.
 */

#pragma once

#include "directive/directive.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace session_cache {

/* A whole decimal number of at most `max`, and nothing else. */
std::optional<std::uint64_t> read_number(std::string_view text,
                                         std::uint64_t max);

/* A number of 1 to `max`; 0: it is none. */
std::uint64_t read_positive(std::string_view text, std::uint64_t max);

/* Milliseconds as a plain number, or with a unit as nginx has them. */
std::optional<std::chrono::milliseconds> read_time(std::string_view text);

/* Printable characters of ASCII without blanks, or none at all. */
bool is_word(std::string_view text);

/* "on" or "off". */
bool read_flag(std::string_view text, bool& flag);

/* A password, or user:password; a password with a colon is :password. */
bool read_credentials(std::string_view text, std::string& user,
                      std::string& password);

/* An address, [IPv6 address] or name, each with or without :port, or
 * unix:/path; and ",weight=" after it. */
bool read_server(std::string_view text, ServerParameters& server);

}  // namespace session_cache
