#pragma once

#include "support/tls_client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace support {

// What each side sends in a handshake, in turns.
struct Flight {
    bool from_client;
    std::string bytes;
};

struct RecordedHandshake {
    std::vector<Flight> flights;
    bool reused;
    Session session;  // to come back with
};

// A TLS server that knows its sessions by their IDs, and whose handshakes are
// recorded.
class RecordingServer {
  public:
    RecordingServer();

    struct Client {
        int version;
        Session session = nullptr;
        std::string groups = "P-256";  // the server has this one
        std::string server_name = "shop.example";
    };
    RecordedHandshake meet(const Client& client);

    // Forgets the sessions that it made.
    void forget();
    // Goes over to stateless tickets.
    void use_tickets();

  private:
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

}  // namespace support
