/*
 * Text of nginx.conf for log lines.
 */

#pragma once

#include <string>
#include <string_view>

namespace session_cache {

/* Strings in nginx.conf may contain any byte. A log line may not. */
std::string printable(std::string_view text);

/* The same, in quotes. */
std::string quoted(std::string_view text);

}  // namespace session_cache
