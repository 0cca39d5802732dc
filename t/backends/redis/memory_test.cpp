// A client of a cluster, or of the master that Sentinels name, that runs out of
// memory, at every possible point.

#include "backends/redis/slots.hpp"
#include "support/life.hpp"
#include "support/redis_cluster.hpp"
#include "support/sentinel_server.hpp"
#include "support/test_store.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <doctest/doctest.h>
#include <functional>
#include <list>
#include <set>

using namespace support;
using namespace std::chrono_literals;
using Of = Allocations::Of;

namespace {

backends::Options quick_options() {
    auto options = store_options();
    options.interval = 20ms;
    options.timeout = 1s;
    return options;
}

// Gets, adds, sets and deletes.
void use_all(backends::Store& store, const std::string& key) {
    store.fetch(key);
    store.store(key, "a value that takes memory of its own", 60s);
    store.fetch(key);
    store.erase(key);
    store.add(key, "another value of some length", 60s);
    store.fetch(key);
    store.erase(key);
}

// On all clients except this one.
void hang_up_on_all(RedisClient& server) {
    server.command({"CLIENT", "KILL", "TYPE", "normal"});
}

// The meters of a cluster's servers.
class CountedMeters : public backends::Meters {
  public:
    bool all_back() const { return taken_.empty(); }

  private:
    backends::Meter& take(const std::string& /* name */) override {
        return taken_.emplace_back();
    }

    void give_back(backends::Meter& meter) noexcept override {
        taken_.remove_if([&](const auto& one) { return &one == &meter; });
    }

    std::list<backends::Meter> taken_;
};

// A cluster with two special slots. One is on its way to a server that has none
// yet, so that clients that ask for its keys are redirected there. The other
// one changes hands in each life.
class LifeOfCluster : public Life {
  public:
    LifeOfCluster() {
        cluster_.join();
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            clients_.emplace_back(cluster_[i].address().text());
        }
        // all servers believe this one in case of doubt
        clients_[0].command({"CLUSTER", "BUMPEPOCH"});
        cluster_.begin_move(slot_of(keys_.front()), 2);
    }

    // How often a server has redirected a client to another one.
    int redirects(std::size_t server, const std::string& kind) {
        const auto count =
            clients_[server].info("errorstats", "errorstat_" + kind);
        return std::stoi(count.substr(count.find('=') + 1));
    }

  private:
    static int slot_of(const std::string& key) {
        return backends::redis::slot_of(key);
    }

    std::unique_ptr<backends::Store> make(Coroutines& coroutines) override {
        const Allocations::Scope test(Of::test);
        CHECK(meters_.all_back());  // those of the previous life
        keys_.back() = next_key();
        const auto seeds = cluster_seeds(cluster_, {0, 1});
        const auto options = quick_options();
        const auto logger = log();
        const Allocations::Scope product(Of::product);
        return backends::make_redis_cluster(coroutines.scheduler, seeds.servers,
                                            options, logger, &meters_);
    }

    // Sends every kind of request, loses all connections, and makes new ones.
    void live(Coroutines& coroutines, backends::Store& store) override {
        CHECK(works(coroutines, store));
        for (int time = 0; time < 2; ++time) {
            for (const auto& key : keys_) {
                use(coroutines, store, [&](auto& s) { use_all(s, key); });
            }
            if (time == 0) {
                move(keys_.back());
            }
        }
        std::ranges::for_each(clients_, hang_up_on_all);
        works(coroutines, store);
    }

    // A key of the second server, each time in a new slot: if one came back
    // soon, two servers might redirect clients to each other for a while.
    std::string next_key() {
        std::string key;
        do {
            key = "a key that is MOVED " + std::to_string(++n_);
        } while (slot_of(key) < RedisCluster::n_slots / 2 ||
                 !slots_.insert(slot_of(key)).second);
        return key;
    }

    // Moves a key's slot, which has no other keys, to the first server.
    void move(const std::string& key) {
        clients_[1].erase(key);
        for (auto& client : {std::ref(clients_[0]), std::ref(clients_[1])}) {
            client.get().command({"CLUSTER", "SETSLOT",
                                  std::to_string(slot_of(key)), "NODE", id_});
        }
    }

    const std::vector<std::string>& keys() const override { return keys_; }

    CountedMeters meters_;
    RedisCluster cluster_{2};
    std::vector<std::string> keys_{cluster_.key_of(0, "a key that is ASK "),
                                   ""};
    std::deque<RedisClient> clients_;
    const std::string id_ = cluster_.id(0);
    std::set<int> slots_;
    int n_ = 0;
};

// A master that Sentinels name.
class LifeOfMaster : public Life {
  protected:
    // The address of the configured Sentinel.
    virtual const Address& sentinel() = 0;

    std::unique_ptr<backends::Store> make(Coroutines& coroutines) override {
        const Allocations::Scope test(Of::test);
        backends::Watch watch{.master = Watched::name};
        watch.sentinels.push_back(store_server(store_address(sentinel())));
        const auto options = quick_options();
        const auto logger = log();
        const Allocations::Scope product(Of::product);
        return backends::make_sentinel(coroutines.scheduler, options, watch,
                                       logger);
    }

    const std::vector<std::string>& keys() const override { return keys_; }

    const std::vector<std::string> keys_{"a key of some length"};
};

// A master that loses its connections. One Sentinel names it and a second one.
class LifeOfLostMaster : public LifeOfMaster {
  private:
    const Address& sentinel() override { return watched_.sentinel().address(); }

    void live(Coroutines& coroutines, backends::Store& store) override {
        CHECK(works(coroutines, store));
        use(coroutines, store, [&](auto& s) { use_all(s, keys_.front()); });
        hang_up_on_all(master_);
        works(coroutines, store);
    }

    Watched watched_{2};
    RedisClient master_{watched_.a().address().text()};
};

// In the middle of each life the Sentinel is given another master.
class LifeOfOtherMaster : public LifeOfMaster {
  private:
    const Address& sentinel() override { return sentinel_.address(); }

    void live(Coroutines& coroutines, backends::Store& store) override {
        CHECK(works(coroutines, store));
        move();
        coroutines.loop.skip(25s);  // it looks for a better one by then
        for (int time = 0; time < 10; ++time) {
            use(coroutines, store, [&](auto& s) { use_all(s, keys_.front()); });
            coroutines.loop.run_once(1ms);
        }
        works(coroutines, store);
    }

    void move() {
        master_ = 1 - master_;
        const auto& address = servers_.at(master_).address();
        client_.command({"SENTINEL", "REMOVE", Watched::name});
        client_.command({"SENTINEL", "MONITOR", Watched::name, address.host,
                         std::to_string(address.port), "1"});
    }

    std::array<RedisServer, 2> servers_;
    SentinelServer sentinel_{servers_[0].address(), 1};
    RedisClient client_{sentinel_.address().text()};
    std::size_t master_ = 0;
};

}  // namespace

TEST_CASE("memory: it may be short anywhere in a cluster's client") {
    LifeOfCluster life;
    for (const std::size_t more : {0, 3}) {
        CHECK(life.repeat(more, 150, 4) > 200);
    }
    CHECK(life.redirects(0, "ASK") > 150);
    CHECK(life.redirects(1, "MOVED") > 150);
}

TEST_CASE("memory: it may be short anywhere when Sentinels are asked") {
    LifeOfLostMaster life;
    for (const std::size_t more : {0, 3}) {
        CHECK(life.repeat(more) > 50);
    }
}

TEST_CASE("memory: it may be short anywhere when the master is another one") {
    LifeOfOtherMaster life;
    for (const std::size_t more : {0, 3}) {
        CHECK(life.repeat(more, 100, 3) > 100);
    }
}
