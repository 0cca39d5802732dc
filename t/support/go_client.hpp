#pragma once

#include "support/socket.hpp"

#include <string>
#include <vector>

namespace support {

// Visits one address after the other with Go's crypto/tls and one session
// cache. Returns "full" or "reused" for each. `protocol` is "TLSv1.2" or
// "TLSv1.3".
std::vector<std::string> go_visits(const std::string& protocol,
                                   const std::vector<Address>& addresses);

}  // namespace support
