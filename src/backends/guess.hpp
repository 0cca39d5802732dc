/*
 * Who it is that does not speak as a store of our kind does.
 */

#pragma once

#include <string>
#include <string_view>

namespace backends {

/*
 * Of the first bytes that a server said, to who took it for a `kind` ("redis",
 * "memcached"): what it seems to be, and what to write then, to be appended to
 * a log line; or nothing, if that is not known, or it is of that kind.
 */
std::string guess(std::string_view heard, std::string_view kind);

}  // namespace backends
