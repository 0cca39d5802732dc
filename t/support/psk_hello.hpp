#pragma once

#include <cstddef>
#include <string>

namespace support {

// A TLS 1.3 ClientHello, in records, that offers more sessions than any real
// client, with random IDs as in stateful tickets.
std::string hello_with_sessions(std::size_t count);

}  // namespace support
