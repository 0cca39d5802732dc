#pragma once

#include "support/certificates.hpp"
#include "support/redis_server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace support {

// A Redis Cluster of private servers: first masters that share the slots
// evenly, then one replica for each of the first masters. A failover takes
// about a second.
class RedisCluster {
  public:
    static constexpr int n_slots = 16384;

    explicit RedisCluster(int masters = 3, int replicas = 0,
                          Arguments options = {}, Arguments credentials = {});

    // Its servers also have TLS, and announce their TLS ports.
    RedisCluster(const KeyPair& certificate, Arguments options = {});

    std::size_t size() const { return nodes_.size(); }
    RedisServer& operator[](std::size_t i) const {
        return *nodes_.at(i)->server;
    }

    // Its address with TLS.
    const Address& tls_address(std::size_t i) const {
        return nodes_.at(i)->tls->address();
    }

    // Adds a master without slots.
    RedisServer& join();
    // Moves this many slots from one master to another, with their keys.
    void reshard(std::size_t from, std::size_t to, int slots) const;
    // The last node, which has no slots any more, leaves the cluster. It goes
    // on running.
    void dismiss_last();

    // Restarts a node with its data, so that it and the others do not reach
    // each other until rejoin(). Clients still reach it.
    void cut_off(std::size_t i) const;
    void rejoin(std::size_t i) const;

    // The directive's parameters, with all nodes as seeds, or these.
    std::string parameters() const;
    std::string parameters(const std::vector<std::size_t>& seeds) const;

    int slot_of(const std::string& key) const;

    // Which node has the slot, according to most living nodes.
    std::size_t owner_of(int slot) const;
    std::size_t owner_of(const std::string& key) const {
        return owner_of(slot_of(key));
    }

    // A key that contains `stem`, in a slot of node `i`.
    std::string key_of(std::size_t i, const std::string& stem = "key") const;

    // The stored value, wherever it is. Nothing while its slot changes hands.
    std::optional<std::string> get(const std::string& key) const;

    // Begins to move a slot, with keys on both sides: ASK.
    void begin_move(int slot, std::size_t to) const;
    // Moves its keys, and then the slot: MOVED.
    void end_move(int slot, std::size_t to) const;

    // Waits until the replica has everything that its master has. (WAIT only
    // covers writes of its own connection.)
    bool replicated(std::size_t master, std::size_t replica) const;

    // Makes a replica replace its living master.
    void fail_over(std::size_t replica) const;

    // Whether no slot is at this node any more, according to all others.
    bool is_replaced(std::size_t node) const;
    // Waits for that.
    bool replaced(std::size_t node) const;

    std::string id(std::size_t i) const;
    bool agrees(int slots = n_slots) const;

  private:
    struct Member {
        ReservedPort bus;
        std::optional<ReservedPort> tls{};
        std::unique_ptr<RedisServer> server;
    };

    void make(int masters, int replicas);
    void add();
    void meet(std::size_t i) const;
    void assign(int masters) const;
    // Whether it answers.
    bool alive(std::size_t i) const;
    // Runs redis-cli --cluster with these arguments.
    void manage(const Arguments& what) const;
    std::string first() const;

    std::optional<KeyPair> certificate_;
    Arguments options_;
    // So long that no node counts as dead because the machine is busy. Tests
    // wait for it only where another node may take over.
    Milliseconds node_timeout_{10'000};
    Arguments credentials_;
    std::vector<std::unique_ptr<Member>> nodes_;
    std::vector<std::unique_ptr<Member>> dismissed_;
};

}  // namespace support
