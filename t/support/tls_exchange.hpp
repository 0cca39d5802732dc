#pragma once

#include "support/tls_client.hpp"

namespace support {

// The result of an HTTP/1.1 request on a connection of its own.
struct Exchange {
    bool reused;
    int version;
    std::vector<Session> sessions;
    std::string response;

    Session session() const;
    std::string body() const;
};

// Sends the request on a connection after its handshake, and reads the
// response.
Exchange exchange(TlsClient& client, Milliseconds deadline = patience);

Exchange get(const Address& address, const TlsOptions& options = {});

// The whole response of a server without TLS. Each of `headers` ends with CRLF.
std::string plain_get(const Address& address, const std::string& path,
                      const std::string& headers = "");

// The response's body.
std::string http_body(const std::string& response);

}  // namespace support
