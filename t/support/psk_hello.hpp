#pragma once

#include <cstddef>
#include <string>

namespace support {

// A TLS 1.3 ClientHello, in its records, that offers so many sessions as no
// client does: with IDs at random, as stateful tickets have them.
std::string hello_with_sessions(std::size_t count);

}  // namespace support
