#pragma once

#include "support/node.hpp"

#include <string>
#include <vector>

namespace support {

// A server among others on one address.
struct NamedServer {
    std::string name;
    std::string lines;                                   // in server{}
    const KeyPair* certificate = &certificates().ecdsa;  // null: none
};

// Its server{}, which answers with its name and whether it believes its client.
std::string named_block(const NamedServer& server, const Address& address);

// The first is the default server.
std::string company(const std::vector<NamedServer>& servers,
                    const Address& address);

// Ways through a handshake; TLS 1.3 also with a HelloRetryRequest, which
// servers ask for by retry_curve.
struct Way {
    const char* name;
    int version;
    const char* groups;
};
extern const std::vector<Way> ways;
extern const char* const retry_curve;

// A client who has its certificate, or has lost it.
Exchange visit(const Address& address, const std::string& name, const Way& way,
               const Session& session = nullptr, bool has_certificate = true);

}  // namespace support
