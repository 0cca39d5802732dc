#pragma once

#include "support/socket.hpp"

namespace support {

// A base class for servers with TLS. It comes before the base that gets its
// number.
struct TlsPort {
    ReservedPort tls_port;
};

}  // namespace support
