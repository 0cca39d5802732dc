/*
 * What was meant by an argument that the directive does not accept, such as one
 * in the style of another program, or of another directive of nginx.
 */

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace session_cache {

/*
 * For a value that a parameter does not accept: what to write instead, or else
 * what it accepts. Repeats no value that may contain a password.
 */
std::string hint_for_value(std::string_view parameter, std::string_view value);

/*
 * For an argument whose parameter is none of `names`: which one was meant, or
 * else all of them.
 */
std::string hint_for_name(std::string_view argument,
                          std::span<const std::string_view> names);

/* For a parameter without "=". */
std::string hint_for_missing_value(std::string_view parameter);

/* Whether a value of `addr` may contain a password, as a URL does. */
bool may_have_password(std::string_view address) noexcept;

/* Whether it contains "$name" or "${name}", like a variable of nginx; and
 * whether it is nothing else. */
bool has_variable(std::string_view text) noexcept;
bool is_variable(std::string_view text) noexcept;

}  // namespace session_cache
