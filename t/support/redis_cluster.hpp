#pragma once

#include "support/certificates.hpp"
#include "support/redis_server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace support {

// A Redis Cluster of private servers: masters that share the slots evenly, then
// replicas, one for each of the first masters. A failover takes about a second.
class RedisCluster {
  public:
    static constexpr int n_slots = 16384;

    explicit RedisCluster(int masters = 3, int replicas = 0,
                          Arguments options = {}, Arguments credentials = {});

    // Its servers have TLS as well, and tell the ports of that.
    RedisCluster(const KeyPair& certificate, Arguments options = {});

    std::size_t size() const { return nodes_.size(); }
    RedisServer& operator[](std::size_t i) const {
        return *nodes_.at(i)->server;
    }

    // With TLS.
    const Address& tls_address(std::size_t i) const {
        return nodes_.at(i)->tls->address();
    }

    // One more, without slots.
    RedisServer& join();
    // So many slots go from one master to another, with their keys.
    void reshard(std::size_t from, std::size_t to, int slots) const;
    // The last one, which has no slots any more, leaves; it goes on running.
    void dismiss_last();

    // Restarts a node, with what it has, such that it and the others do not
    // reach each other until rejoin(); clients reach it.
    void cut_off(std::size_t i) const;
    void rejoin(std::size_t i) const;

    // The directive's parameters, with all nodes for seeds, or these.
    std::string parameters() const;
    std::string parameters(const std::vector<std::size_t>& seeds) const;

    int slot_of(const std::string& key) const;

    // Who has the slot, as most of the living see it.
    std::size_t owner_of(int slot) const;
    std::size_t owner_of(const std::string& key) const {
        return owner_of(slot_of(key));
    }

    // A key of a slot that node `i` has, with this in it.
    std::string key_of(std::size_t i, const std::string& stem = "key") const;

    // The stored value, wherever it is; nothing while its slot changes hands.
    std::optional<std::string> get(const std::string& key) const;

    // A slot on its way, with keys on both sides: ASK.
    void begin_move(int slot, std::size_t to) const;
    // Its keys go, and then the slot: MOVED.
    void end_move(int slot, std::size_t to) const;

    // Until the replica has all that its master has. (WAIT is about what its
    // own connection wrote.)
    bool replicated(std::size_t master, std::size_t replica) const;

    // Makes a replica take its master's place, though that is alive.
    void fail_over(std::size_t replica) const;

    // Whether no slot is with this node any more, as all others see it.
    bool is_replaced(std::size_t node) const;
    // Until then.
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
    // For whatever redis-cli is to do to the cluster.
    void manage(const Arguments& what) const;
    std::string first() const;

    std::optional<KeyPair> certificate_;
    Arguments options_;
    // Nobody is to be taken for dead because the machine is busy. Only where
    // somebody may take its place a test waits for it.
    Milliseconds node_timeout_{10'000};
    Arguments credentials_;
    std::vector<std::unique_ptr<Member>> nodes_;
    std::vector<std::unique_ptr<Member>> dismissed_;
};

}  // namespace support
