#pragma once

#include "support/fault_proxy.hpp"
#include "support/fault_table.hpp"
#include "support/node.hpp"
#include "support/proxied.hpp"

#include <functional>
#include <string>
#include <vector>

namespace support {

// A queue so short that leaked entries are noticed.
inline constexpr int queue_size = 20;
inline const std::string quick = "interval=20 timeout=300 count=20";
// For faults that lookups survive, however slow the machine is.
inline const std::string patient = "interval=20 timeout=60s count=20";

// Two nodes on one store, and what becomes of their clients during its faults.
// When the cell begins, it is up or away, or has only a part of the sessions.
class StoreCell {
  public:
    enum class Store { up, away, partly };

    StoreCell(const std::string& column, const std::string& fault,
              StoreServer& store, Node& a, Node& b, Store state = Store::up);
    StoreCell(const std::string& column, const std::string& fault,
              Fleet& fleet);

    // Clients at `b` with sessions that were made at `a` before the fault,
    // alternately in the two protocols.
    std::vector<TlsClient> start() const;
    void finish(std::vector<TlsClient>& clients);
    // Two waves of them, and new clients at both nodes.
    void visit();

    // What must have become of the clients so far, where it is certain.
    void expect_full();
    void expect_resumed();

    // To be called when the fault is over: sessions resume across the nodes,
    // and nothing is left of the clients. Writes the cell, with a `remark`.
    void recovers(const std::string& remark = "");
    // For a fault that has no end.
    void saw() const { cell_.saw(seen()); }

    // The keys of the clients' sessions, in the order of the clients.
    std::vector<std::string> keys() const;

  private:
    struct Worker {
        Node& node;
        pid_t pid;
        std::size_t sockets;
    };

    static Worker observe(Node& node, Store state);
    static void check_served(TlsClient& client, const Worker& worker);
    bool resumes(const TlsOptions& made) const;
    bool queue_is_free() const;
    static void check_nothing_left(const Worker& worker);
    std::string seen() const;

    FaultCell cell_;
    StoreServer& store_;
    Node& a_;
    Node& b_;
    Worker worker_a_;
    Worker worker_b_;
    std::vector<TlsOptions> sessions_;
    int full_ = 0;
    int resumed_ = 0;
    std::string outcome_ = "full or resumed";
};

}  // namespace support
