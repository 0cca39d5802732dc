#pragma once

#include "support/tls_client.hpp"

namespace support {

// What a whole HTTP/1.1 request on a connection of its own brought.
struct Exchange {
    bool reused;
    int version;
    std::vector<Session> sessions;
    std::string response;

    Session session() const;
    std::string body() const;
};

// The request and its response on a connection with its handshake complete.
Exchange exchange(TlsClient& client, Milliseconds deadline = patience);

Exchange get(const Address& address, const TlsOptions& options = {});

// The whole response of a server without TLS; `headers` end with CRLF each.
std::string plain_get(const Address& address, const std::string& path,
                      const std::string& headers = "");

// What comes after the headers.
std::string http_body(const std::string& response);

}  // namespace support
