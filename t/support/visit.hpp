#pragma once

#include "support/socket.hpp"

#include <span>
#include <string>

namespace support {

// One connection with one request, by any TLS library.
struct Visit {
    bool reused = false;
    std::string protocol;  // "TLSv1.2" or "TLSv1.3", also what to offer
    std::string session;   // the library's own serialization
};

// Offers the session of `last`, if it has one, and returns the new one.
struct VisitingClient {
    const char* name;
    Visit (*visit)(const Address& address, const Visit& last);
};

// OpenSSL, GnuTLS and Node.js.
std::span<const VisitingClient> visiting_clients();

}  // namespace support
