/*
 * Readers of values that the directive does not accept, but whose meaning is
 * clear enough. Each returns an accepted value, or nothing.
 */

#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace session_cache::meant {

std::string lower(std::string_view text);

/* "/path", "redis://host:port", an IPv6 address without brackets, "a,b". */
std::string address(std::string_view value);

/* The name of a program that speaks the protocol of a type. */
std::string type(std::string_view value);

/* "yes", "1", "false", ... */
std::string flag(std::string_view value);

/* "1.5s", "10 sec", "1h30m". */
std::string time(std::string_view value);

/* "5k", "5_000". */
std::string number(std::string_view value);

/* Likewise, or a word for no limit. */
std::string count(std::string_view value);

/* The one that equals `value`, except for capitals or a typing error. */
std::string one_of(std::initializer_list<std::string_view> all,
                   std::string_view value);

/* Likewise. Empty if none is close. */
std::string_view closest(std::string_view value,
                         std::span<const std::string_view> all);

}  // namespace session_cache::meant
