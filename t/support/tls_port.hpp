#pragma once

#include "support/socket.hpp"

namespace support {

// For a server with TLS to inherit before its base, which is told its number.
struct TlsPort {
    ReservedPort tls_port;
};

}  // namespace support
