#pragma once

#include "support/node.hpp"

#include <string>
#include <vector>

namespace support {

// One of several servers on one address.
struct NamedServer {
    std::string name;
    std::string lines;                                   // in server{}
    const KeyPair* certificate = &certificates().ecdsa;  // or null
};

// Its server{}, which answers with its name and whether it has verified its
// client.
std::string named_block(const NamedServer& server, const Address& address);

// The first one is the default server.
std::string company(const std::vector<NamedServer>& servers,
                    const Address& address);

// Kinds of handshakes. TLS 1.3 also with a HelloRetryRequest, which servers
// cause by retry_curve.
struct Way {
    const char* name;
    int version;
    const char* groups;
};
extern const std::vector<Way> ways;
extern const char* const retry_curve;

// A visit of a client that has its certificate, or has lost it.
Exchange visit(const Address& address, const std::string& name, const Way& way,
               const Session& session = nullptr, bool has_certificate = true);

}  // namespace support
