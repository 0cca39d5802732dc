/*
 * The servers of a Redis Cluster with their clients, and which of them has a
 * slot.
 */

#pragma once

#include "backends/redis/cluster_node.hpp"
#include "backends/redis/slots.hpp"
#include "backends/store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace backends::redis {

/* Gives a meter back to its owner. */
struct GiveBack {
    Meters* from = nullptr;

    void operator()(Meter* meter) const noexcept { from->give_back(*meter); }
};
using LentMeter = std::unique_ptr<Meter, GiveBack>;

struct Node {
    std::string name;     /* of its endpoint; empty: a seed, only asked */
    std::string tls_name; /* as in Options */
    LentMeter meter{};    /* or null */
    std::unique_ptr<ClusterNode> client{};

    bool is_seed() const noexcept { return name.empty(); }

    /* Whether it serves slots, or is about to. */
    bool serves() const noexcept { return !is_seed() && !client->retired(); }
};

class NodeTable {
  public:
    using Nodes = std::vector<std::unique_ptr<Node>>;

    /*
     * `options` are those of all nodes. Without a `tls_name`, each node has its
     * own. `meters` may be null. `meters` and `listener` have to outlive it.
     * Throws std::bad_alloc.
     */
    NodeTable(coro::Scheduler& scheduler, Options options, Log log,
              Meters* meters, ClusterNode::Listener& listener);

    NodeTable(const NodeTable&) = delete;
    NodeTable& operator=(const NodeTable&) = delete;

    /* The clients' coroutines must have ended. */
    ~NodeTable() = default;

    const Nodes& nodes() const noexcept { return nodes_; }

    /* Null if no node is known to have it. */
    Node* of_slot(std::uint16_t slot) const noexcept { return slots_.at(slot); }

    Node& of(const ClusterNode& client) const noexcept;

    /*
     * The node at an endpoint that `from` has named. If it has no client yet,
     * one is made, which looks its name up. Null if no address is known and
     * there is no resolver. Throws std::bad_alloc.
     */
    Node* reach(const Endpoint& endpoint, const Node& from);

    /* Adds a client of a seed that does not retry. `log` gets its lines. Throws
     * std::bad_alloc. */
    Node& add_seed(const Server& seed, const Log& log);

    void assign(std::uint16_t slot, Node& node) noexcept { give(slot, &node); }

    /* When a slot last changed hands, or was seen to be about to. A time of the
     * loop's clock. */
    coro::Time settled(std::uint16_t slot) const noexcept {
        return settled_.at(slot);
    }
    void unsettle(std::uint16_t slot) noexcept {
        settled_.at(slot) = scheduler_.loop().now();
    }

    /* Gives the slots of a topology to nodes. `masters` has one node for each
     * of its masters. Where that is null, nobody gets the slots. */
    void assign(const Topology& topology,
                const std::vector<Node*>& masters) noexcept;

    /* Retires all other nodes, except those to which slots are moving. */
    void retire_others(const std::vector<Node*>& masters) noexcept;

    /* Ends the clients of retired nodes that owe no answer. Returns whether
     * other retired nodes are left. */
    bool sweep() noexcept;

    /* How many slots have a node that is connected, or may be soon. */
    int served() const noexcept;

    /* Whether all slots have a node, and each node is connected. */
    bool is_well() const noexcept;

    void reconsider() noexcept;
    void close() noexcept;

  private:
    /* Clusters have at most 1,000. This bounds servers that make endpoints
     * up. */
    static constexpr std::size_t max_nodes = 1200;

    void give(std::size_t slot, Node* node) noexcept;
    Node* find(const std::string& name) const noexcept;
    Node* make(const Endpoint& endpoint, std::string name, const Node& from);
    std::vector<Address> addresses_of(const Endpoint& endpoint,
                                      const Node& from) const;
    bool is_looked_up(const Endpoint& endpoint) const;
    Node& add(std::unique_ptr<Node> node, Options options, const Log& log);
    std::string tls_name_of(const Endpoint& endpoint, const Node& from) const;

    coro::Scheduler& scheduler_;
    std::size_t queued_ = 0; /* of all clients */
    const Options options_;
    const Log log_;
    Meters* meters_;
    ClusterNode::Listener& listener_;
    Nodes nodes_;
    std::array<Node*, n_slots> slots_{}; /* null if nobody has it */
    std::array<coro::Time, n_slots> settled_{};
};

}  // namespace backends::redis
