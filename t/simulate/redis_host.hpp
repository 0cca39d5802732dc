#pragma once

#include "simulate/data.hpp"
#include "simulate/network.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulate {

// Servers that speak RESP.
class RespHost : public Host {
  public:
    using Host::Host;

  protected:
    using Words = std::vector<std::string_view>;

    virtual std::string answer(Connection& connection, const Words& words) = 0;

    static std::string bulk(std::string_view text);
    static std::string number(std::uint64_t n);

  private:
    void serve(Connection& connection) final;
    void lie(Connection& connection, const Words& words);
};

// The slots of a cluster, and which node has them.
class Slots {
  public:
    static constexpr std::uint16_t count = 16384;

    // `masters` nodes share them evenly. The others have none.
    explicit Slots(std::size_t masters);

    struct Move {
        std::uint16_t first, last;
        std::size_t from, to;
    };

    std::size_t owner(std::uint16_t slot) const { return owners_[slot]; }
    void give(std::size_t from, std::size_t to);
    // A slot that is moving: for missing keys, clients are sent to the new
    // owner.
    std::optional<Move> move;
    bool is_moving(std::uint16_t slot) const {
        return move && slot >= move->first && slot <= move->last &&
               owner(slot) == move->from;
    }
    void finish_move();

    // [first, last, owner]
    std::vector<Move> ranges() const;

  private:
    std::vector<std::size_t> owners_;
};

// A Redis: a single one, a replica, or a cluster's node.
class RedisHost : public RespHost {
  public:
    RedisHost(Network& network, std::string name)
        : RespHost(network, std::move(name)), data(world()) {}

    Data data;
    bool is_replica = false;
    bool is_loading = false;
    bool is_full = false;  // it has too many clients
    bool tells_time = true;
    std::uint64_t evicted = 0;
    std::uint64_t topologies = 0;  // how often it was asked for one
    std::string password;

    // For a node of a cluster, which is number `self` of `nodes`.
    struct Membership {
        Slots* slots = nullptr;
        std::size_t self = 0;
        const std::vector<RedisHost*>* nodes = nullptr;
        bool is_down = false;
    };
    Membership cluster;

    void restart() override {
        data.clear();
        is_loading = false;
        Host::restart();
    }

  private:
    std::string answer(Connection& connection, const Words& words) override;
    std::string refuse(const Words& words) const;
    std::string redirect(Connection& connection, std::string_view key);
    std::string work(const Words& words);
    std::string set(const Words& words);
    std::string topology() const;
    std::string address_of(std::size_t node) const;
};

// A Sentinel. It may know a new master late.
class SentinelHost : public RespHost {
  public:
    using RespHost::RespHost;

    const Host* master = nullptr;
    std::vector<const Host*> others;
    std::uint64_t questions = 0;

  private:
    std::string answer(Connection& connection, const Words& words) override;
};

}  // namespace simulate
