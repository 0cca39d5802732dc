#pragma once

#include "support/node.hpp"

#include <vector>

namespace support {

// Clients that have sent their ClientHello and have no answer.
std::vector<TlsClient> start_handshakes(const Node& node,
                                        const std::vector<TlsOptions>& each);

// One node whose store can be frozen, without timeouts.
class Suspension {
  public:
    explicit Suspension(StoreServer& store, const NodeConfig& config = {},
                        const std::string& parameters = "timeout=60s");

    // `options` with a session that is in the store.
    TlsOptions returning(const TlsOptions& options) const;

    // Freezes the store, and starts a client whose lookup is under way.
    TlsClient start(const TlsOptions& options);
    // Starts one more.
    TlsClient start_another(const TlsOptions& options);
    // Starts `count` of them, each with a session of its own.
    std::vector<TlsClient> start(std::size_t count,
                                 const std::vector<TlsOptions>& kinds = {
                                     tls12(), tls13()});

    void check_serves() const;

    // Checks that everything goes on, and that nothing is left of the clients.
    void check_recovers();

    // Checks that a worker that waits for the store sleeps.
    void check_sleeps() const;

    Node& node() { return node_; }
    pid_t worker() const { return node_.nginx().workers().at(0); }

  private:
    void wait_once();
    void check_resumes() const;

    StoreServer& store_;
    Node node_;
    std::size_t sockets_;
};

}  // namespace support
