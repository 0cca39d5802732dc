/*
 * Guesses what a server is that does not speak our store's protocol.
 */

#pragma once

#include <string>
#include <string_view>

namespace backends {

/*
 * From the first bytes of a server that was configured as a `kind` ("redis",
 * "memcached"): returns what it seems to be and what to write instead, to be
 * appended to a log line. Empty if that is not known, or if it is of that kind.
 */
std::string guess(std::string_view heard, std::string_view kind);

}  // namespace backends
