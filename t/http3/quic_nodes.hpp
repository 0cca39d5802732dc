#pragma once

#include "support/http3_client.hpp"
#include "support/node.hpp"

#include <string>
#include <vector>

// Nodes that serve HTTP/3, and clients that come back to them.
namespace support {

// With `server` added to server{}. Its error log shows what is deferred.
NodeConfig quic_node(const std::string& server = "");

// A visit with HTTP/3, whose `made` sessions are in the store when it returns.
Visit visit_stored(const StoreServer& store, const Node& node,
                   const Visit& last = {}, std::size_t made = 2);

// Waits until this many handshakes are suspended at the node.
bool wait_suspended(const Node& node, std::size_t count = 1);

// One node whose store can be frozen.
class QuicSuspension {
  public:
    explicit QuicSuspension(StoreServer& store, const std::string& server = "",
                            const std::string& parameters = "timeout=60s");

    // Freezes the store. Returns a client whose handshake is suspended.
    Http3Client start(const Arguments& arguments = {});
    // One that knows the node by another address.
    Http3Client start(const Arguments& arguments, const Address& address);

    // New clients are served, with HTTP/3 and without.
    void check_serves() const;
    // The same, and sessions are resumed; nothing is left of the clients.
    void check_recovers();

    Node& node() { return node_; }

  private:
    StoreServer& store_;
    Node node_;
};

}  // namespace support
