#include "simulate/servers.hpp"

#include "backends/memcached/ring.hpp"
#include "backends/redis/slots.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <utility>

namespace simulate {

backends::Address address_of(const Host& host) {
    backends::Address result{{}, sizeof(sockaddr_in), host.name()};
    auto& in = reinterpret_cast<sockaddr_in&>(result.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(host.port());
    inet_pton(AF_INET, Host::ip, &in.sin_addr);
    result.text = std::string(Host::ip) + ":" + std::to_string(host.port());
    return result;
}

backends::Server server_of(const Host& host) {
    const auto address = address_of(host);
    return {.name = address.text, .addresses = {address}};
}

namespace {

// For hosts that have data.
template <class HostThatStores>
void evict_from(HostThatStores& host) {
    host.evicted += host.data.forget(3);
}

template <class Hosts>
void set_clocks_of(Hosts& hosts, Micros ahead) {
    for (auto& host : hosts) {
        host->data.ahead = ahead;
    }
}

// A primary and a replica of it, which change roles.
class Pair : public Servers {
  public:
    explicit Pair(Network& network)
        : Servers(network), a_(network, "redis a"), b_(network, "redis b") {
        b_.is_replica = true;
    }

    const char* kind() const override { return "redis"; }
    std::unique_ptr<backends::Store>
    make(coro::Scheduler& scheduler, backends::Options options,
         const backends::Log& log, backends::Meters& /* meters */) override {
        options.addresses = {address_of(a_), address_of(b_)};
        return backends::make_redis(scheduler, std::move(options), log);
    }
    std::vector<Host*> hosts() override { return {&a_, &b_}; }

    // The replica takes over: the primary may be dead, demoted, or both.
    void change() override {
        if (std::exchange(is_changing_, true)) {
            return;
        }
        RedisHost& old = a_.is_replica ? b_ : a_;
        RedisHost& next = a_.is_replica ? a_ : b_;
        world().tell("failover to ", next.name());
        next.data.copy(old.data, 10);
        if (world().chance().one_in(2)) {
            old.die();
        }
        old.is_replica = true;
        world().in(world().chance().between(Micros(0), Micros(Seconds(2))),
                   [this, &old, &next] {
                       next.is_replica = false;
                       promoted();
                       // as Sentinels do with the former master
                       if (kills_clients()) {
                           old.drop_all(true);
                       }
                       old.Host::restart();
                       is_changing_ = false;
                   });
    }
    void evict() override { evict_from(a_.is_replica ? b_ : a_); }
    void set_clocks(Micros ahead) override {
        const std::array both{&a_, &b_};
        set_clocks_of(both, ahead);
    }
    void heal() override {
        for (RedisHost* host : {&a_, &b_}) {
            host->is_loading = false;
            host->is_full = false;
        }
    }
    // A server that has refused is left alone for longer and longer.
    Seconds resumes_within() const override { return Seconds(700); }

  protected:
    virtual void promoted() {}
    virtual bool kills_clients() { return world().chance().one_in(3); }

    RedisHost a_;
    RedisHost b_;

  private:
    bool is_changing_ = false;
};

class Watched final : public Pair {
  public:
    explicit Watched(Network& network) : Pair(network) {
        for (int i = 0; i < 3; ++i) {
            sentinels_.push_back(std::make_unique<SentinelHost>(
                network, "sentinel " + std::to_string(i)));
            sentinels_.back()->master = &a_;
        }
        for (auto& one : sentinels_) {
            for (auto& other : sentinels_) {
                if (one != other) {
                    one->others.push_back(other.get());
                }
            }
        }
    }

    const char* kind() const override { return "sentinel"; }
    std::unique_ptr<backends::Store>
    make(coro::Scheduler& scheduler, backends::Options options,
         const backends::Log& log, backends::Meters& /* meters */) override {
        backends::Watch watch{.master = "mymaster"};
        for (const auto& sentinel : sentinels_) {
            watch.sentinels.push_back(server_of(*sentinel));
        }
        return backends::make_sentinel(scheduler, std::move(options), watch,
                                       log);
    }
    std::vector<Host*> hosts() override {
        auto all = Pair::hosts();
        for (const auto& sentinel : sentinels_) {
            all.push_back(sentinel.get());
        }
        return all;
    }
    Seconds resumes_within() const override { return Seconds(60); }

  private:
    // Each Sentinel learns of it in its own time.
    void promoted() override {
        for (auto& sentinel : sentinels_) {
            world().in(world().chance().between(Micros(0), Micros(1'000'000)),
                       [this, &sentinel = *sentinel] {
                           sentinel.master = a_.is_replica ? &b_ : &a_;
                       });
        }
    }
    bool kills_clients() override { return true; }

    std::vector<std::unique_ptr<SentinelHost>> sentinels_;
};

class ClusterServers final : public Servers {
  public:
    explicit ClusterServers(Network& network) : Servers(network) {
        for (std::size_t i = 0; i < masters + spares; ++i) {
            nodes_.push_back(std::make_unique<RedisHost>(
                network, "node " + std::to_string(i)));
            all_.push_back(nodes_.back().get());
            nodes_.back()->cluster = {
                .slots = &slots_, .self = i, .nodes = &all_};
        }
    }

    const char* kind() const override { return "cluster"; }
    std::unique_ptr<backends::Store> make(coro::Scheduler& scheduler,
                                          backends::Options options,
                                          const backends::Log& log,
                                          backends::Meters& meters) override {
        std::vector<backends::Server> seeds;
        for (std::size_t i = 0; i < masters; ++i) {
            seeds.push_back(server_of(*nodes_[i]));
        }
        return backends::make_redis_cluster(scheduler, std::move(seeds),
                                            std::move(options), log, &meters);
    }
    std::vector<Host*> hosts() override { return {all_.begin(), all_.end()}; }

    void change() override {
        if (is_changing_) {
            return;
        }
        is_changing_ = true;
        world().chance().one_in(2) ? fail_over() : reshard();
    }
    void evict() override {
        for (auto& node : nodes_) {
            evict_from(*node);
        }
    }
    void set_clocks(Micros ahead) override { set_clocks_of(nodes_, ahead); }
    void heal() override {
        for (auto& node : nodes_) {
            node->is_loading = false;
            node->is_full = false;
            node->cluster.is_down = false;
        }
    }
    Seconds resumes_within() const override { return Seconds(60); }

  private:
    static constexpr std::size_t masters = 3;
    static constexpr std::size_t spares = 2;

    // Another node takes over all slots of a node that has some.
    void fail_over() {
        const auto [from, to] = two_nodes();
        world().tell("failover from ", nodes_[from]->name(), " to ",
                     nodes_[to]->name());
        nodes_[from]->data.forget(10);
        nodes_[from]->data.move_to(nodes_[to]->data,
                                   [](const auto& /* key */) { return true; });
        nodes_[from]->die();
        for (auto& node : nodes_) {
            node->cluster.is_down = world().chance().one_in(3);
        }
        world().in(world().chance().between(Micros(0), Micros(Seconds(3))),
                   [this, from = from, to = to] {
                       slots_.give(from, to);
                       heal();
                       world().in(Seconds(2), [this, from] {
                           nodes_[from]->Host::restart();
                           nodes_[from]->data.clear();
                           is_changing_ = false;
                       });
                   });
    }

    void reshard() {
        const auto [from, to] = two_nodes();
        const auto first =
            static_cast<std::uint16_t>(world().chance().below(Slots::count));
        const auto last = static_cast<std::uint16_t>(
            world().chance().between<std::size_t>(first, Slots::count - 1));
        world().tell("slots ", std::to_string(first), " to ",
                     std::to_string(last), " go from ", nodes_[from]->name(),
                     " to ", nodes_[to]->name());
        slots_.move = Slots::Move{first, last, from, to};
        move_some(from, to, world().chance().below(20));
    }

    void move_some(std::size_t from, std::size_t to, std::size_t rounds) {
        const bool is_last = rounds == 0;
        nodes_[from]->data.move_to(nodes_[to]->data, [&](const auto& key) {
            return slots_.is_moving(backends::redis::slot_of(key)) &&
                   (is_last || world().chance().one_in(5));
        });
        if (is_last) {
            slots_.finish_move();
            is_changing_ = false;
            return;
        }
        world().in(
            Milliseconds(world().chance().below(200)),
            [this, from, to, rounds] { move_some(from, to, rounds - 1); });
    }

    // A node that has slots, and another node.
    std::pair<std::size_t, std::size_t> two_nodes() {
        const auto from = slots_.owner(
            static_cast<std::uint16_t>(world().chance().below(Slots::count)));
        auto to = world().chance().below(nodes_.size() - 1);
        to += to >= from ? 1 : 0;
        return {from, to};
    }

    Slots slots_{masters};
    std::vector<std::unique_ptr<RedisHost>> nodes_;
    std::vector<RedisHost*> all_;
    bool is_changing_ = false;
};

class RingServers final : public Servers {
  public:
    explicit RingServers(Network& network) : Servers(network) {
        if (!backends::memcached::Ring::load().empty()) {
            throw std::runtime_error("there is no libmemcached");
        }
        for (int i = 0; i < 3; ++i) {
            hosts_.push_back(std::make_unique<MemcachedHost>(
                network, "memcached " + std::to_string(i)));
        }
    }

    const char* kind() const override { return "memcached"; }
    std::unique_ptr<backends::Store> make(coro::Scheduler& scheduler,
                                          backends::Options options,
                                          const backends::Log& log,
                                          backends::Meters& meters) override {
        std::vector<backends::Server> servers;
        for (const auto& host : hosts_) {
            servers.push_back(server_of(*host));
            servers.back().meter = &meters.take(host->name());
        }
        options.queued = nullptr;  // each has a queue of its own
        return backends::make_memcached(scheduler, servers, options, log);
    }
    std::vector<Host*> hosts() override {
        std::vector<Host*> all;
        for (const auto& host : hosts_) {
            all.push_back(host.get());
        }
        return all;
    }
    // One server is replaced, and its values are gone.
    void change() override {
        MemcachedHost& host = *world().chance().of(hosts_);
        host.die();
        host.restart();
    }
    void evict() override {
        for (auto& host : hosts_) {
            evict_from(*host);
        }
    }
    void set_clocks(Micros ahead) override { set_clocks_of(hosts_, ahead); }
    void heal() override {}
    Seconds resumes_within() const override { return Seconds(30); }

  private:
    std::vector<std::unique_ptr<MemcachedHost>> hosts_;
};

}  // namespace

std::unique_ptr<Servers> make_pair_of_redis(Network& network) {
    return std::make_unique<Pair>(network);
}

std::unique_ptr<Servers> make_watched_redis(Network& network) {
    return std::make_unique<Watched>(network);
}

std::unique_ptr<Servers> make_cluster(Network& network) {
    return std::make_unique<ClusterServers>(network);
}

std::unique_ptr<Servers> make_ring(Network& network) {
    return std::make_unique<RingServers>(network);
}

}  // namespace simulate
