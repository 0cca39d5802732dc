#pragma once

#include "simulate/memcached_host.hpp"
#include "simulate/redis_host.hpp"
#include "simulate/worker.hpp"

#include <memory>
#include <string>
#include <vector>

namespace simulate {

// The servers of one store, what may happen to them, and clients for them.
class Servers {
  public:
    explicit Servers(Network& network)
        : network_(network), world_(network.world()) {}
    virtual ~Servers() = default;
    Servers(const Servers&) = delete;
    Servers& operator=(const Servers&) = delete;

    virtual const char* kind() const = 0;
    virtual std::unique_ptr<backends::Store> make(coro::Scheduler& scheduler,
                                                  backends::Options options,
                                                  const backends::Log& log,
                                                  backends::Meters& meters) = 0;

    virtual std::vector<Host*> hosts() = 0;

    // Does something that only this kind of store does. It may go on for a
    // while.
    virtual void change() = 0;
    // Throws some values out, and counts them.
    virtual void evict() = 0;
    virtual void set_clocks(Micros ahead) = 0;
    // All is well from now on.
    virtual void heal() = 0;

    // How long it may take after that until clients use the store again.
    virtual Seconds resumes_within() const = 0;

  protected:
    World& world() { return world_; }
    Network& network_;
    World& world_;
};

backends::Address address_of(const Host& host);
backends::Server server_of(const Host& host);

// A primary and its replica, by their addresses.
std::unique_ptr<Servers> make_pair_of_redis(Network& network);
// The same, and three Sentinels.
std::unique_ptr<Servers> make_watched_redis(Network& network);
// Three masters of a cluster, and two servers that may replace one.
std::unique_ptr<Servers> make_cluster(Network& network);
// Three memcached servers in a ring.
std::unique_ptr<Servers> make_ring(Network& network);

}  // namespace simulate
