/*
 * The servers of a Redis Cluster that there are clients of, and which of them
 * has a slot.
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

/* A meter goes back to where it is from. */
struct GiveBack {
    Meters* from = nullptr;

    void operator()(Meter* meter) const noexcept { from->give_back(*meter); }
};
using LentMeter = std::unique_ptr<Meter, GiveBack>;

struct Node {
    std::string name;     /* of its endpoint; empty: a seed, to be asked only */
    std::string tls_name; /* as in Options */
    LentMeter meter{};    /* or null */
    std::unique_ptr<ClusterNode> client{};

    bool is_seed() const noexcept { return name.empty(); }

    /* Whether its slots are served, or are about to be. */
    bool serves() const noexcept { return !is_seed() && !client->retired(); }
};

class NodeTable {
  public:
    using Nodes = std::vector<std::unique_ptr<Node>>;

    /*
     * `options` are those of all nodes; without a `tls_name` each has its own.
     * `meters` may be null. They and `listener` have to outlive it. Throws
     * std::bad_alloc.
     */
    NodeTable(coro::Scheduler& scheduler, Options options, Log log,
              Meters* meters, ClusterNode::Listener& listener);

    NodeTable(const NodeTable&) = delete;
    NodeTable& operator=(const NodeTable&) = delete;

    /* The clients' coroutines have to have ended. */
    ~NodeTable() = default;

    const Nodes& nodes() const noexcept { return nodes_; }

    /* Null: nobody is known to have it. */
    Node* of_slot(std::uint16_t slot) const noexcept { return slots_.at(slot); }

    Node& of(const ClusterNode& client) const noexcept;

    /*
     * The node at an endpoint that `from` has named; its client is made if
     * there is none, and looks its name up. Null: there is no resolver, and no
     * address is known. Throws std::bad_alloc.
     */
    Node* reach(const Endpoint& endpoint, const Node& from);

    /* A client of a seed, which does not retry. `log` gets its lines. Throws
     * std::bad_alloc. */
    Node& add_seed(const Server& seed, const Log& log);

    void assign(std::uint16_t slot, Node& node) noexcept { give(slot, &node); }

    /* When a slot last changed hands, or was seen to be about to, as a time
     * of the loop's clock. */
    coro::Time settled(std::uint16_t slot) const noexcept {
        return settled_.at(slot);
    }
    void unsettle(std::uint16_t slot) noexcept {
        settled_.at(slot) = scheduler_.loop().now();
    }

    /* Gives the slots of a topology to nodes, one for each of its masters;
     * where that is null, nobody has them. */
    void assign(const Topology& topology,
                const std::vector<Node*>& masters) noexcept;

    /* No other node is used any more, but for those that slots are on their
     * way to. */
    void retire_others(const std::vector<Node*>& masters) noexcept;

    /* Ends the clients of retired nodes that owe no answer. Returns whether
     * there are others left. */
    bool sweep() noexcept;

    /* How many slots have a node that is connected, or may soon be. */
    int served() const noexcept;

    /* Whether all have, and each node is. */
    bool is_well() const noexcept;

    void reconsider() noexcept;
    void close() noexcept;

  private:
    /* Clusters have 1,000 at most; this is for who makes endpoints up. */
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
    std::array<Node*, n_slots> slots_{}; /* null: nobody's */
    std::array<coro::Time, n_slots> settled_{};
};

}  // namespace backends::redis
