/*
 * Text of nginx.conf as a log line may have it.
 */

#pragma once

#include <string>
#include <string_view>

namespace session_cache {

/* In nginx.conf a string may hold any byte, in a log line it may not. */
std::string printable(std::string_view text);

/* That, in quotes. */
std::string quoted(std::string_view text);

}  // namespace session_cache
