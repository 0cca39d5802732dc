#pragma once

#include "support/socket.hpp"

#include <string>
#include <vector>

namespace support {

// What a client of Go's crypto/tls comes to that goes from one address to the
// next with one session cache: "full" or "reused" for each. `protocol` is
// "TLSv1.2" or "TLSv1.3".
std::vector<std::string> go_visits(const std::string& protocol,
                                   const std::vector<Address>& addresses);

}  // namespace support
