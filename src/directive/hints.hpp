/*
 * What was meant by an argument that the directive does not take: for those
 * who wrote it as another program, or nginx elsewhere, has it.
 */

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace session_cache {

/*
 * Of a value that a parameter does not take: what to write instead, or else
 * what it takes. Repeats no value that may have a password in it.
 */
std::string hint_for_value(std::string_view parameter, std::string_view value);

/*
 * Of an argument whose parameter is none of `names`: which one was meant, or
 * else all that there are.
 */
std::string hint_for_name(std::string_view argument,
                          std::span<const std::string_view> names);

/* Of a parameter without "=". */
std::string hint_for_missing_value(std::string_view parameter);

/* Whether a value of `addr` may have a password in it, as a URL has. */
bool may_have_password(std::string_view address) noexcept;

/* Whether it has "$name" or "${name}" in it, as a variable of nginx's; or is
 * nothing else. */
bool has_variable(std::string_view text) noexcept;
bool is_variable(std::string_view text) noexcept;

}  // namespace session_cache
