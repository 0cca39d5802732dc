#pragma once

#include "backends/store.hpp"
#include "support/coroutines.hpp"
#include "support/memcached_server.hpp"
#include "support/peer.hpp"
#include "support/redis_cluster.hpp"

#include <memory>
#include <string>
#include <vector>

namespace support {

backends::Address store_address(const std::string& unix_path);
backends::Address store_address(const Address& address);
backends::Address store_address(const Peer& peer);

// Options with one address. Attempts follow each other quickly, and nothing
// times out unless a test lets it.
backends::Options store_options(backends::Address address);
backends::Options store_options(const RedisServer& server);
// Without an address, for servers that have their own.
backends::Options store_options();

backends::Server store_server(const backends::Address& address,
                              unsigned weight = 1);
backends::Server store_server(const MemcachedServer& server,
                              unsigned weight = 1);

// The seeds of a Redis Cluster.
struct ClusterSeeds {
    std::vector<backends::Server> servers;
};
ClusterSeeds cluster_seeds(const RedisCluster& cluster,
                           const std::vector<std::size_t>& nodes = {0, 1, 2});

// A store's client as in a worker, its log, and its users.
class TestStore : public Coroutines {
  public:
    // Redis
    explicit TestStore(backends::Options options);
    // the master that Sentinels name
    TestStore(const backends::Watch& watch, backends::Options options);
    // memcached
    explicit TestStore(const std::vector<backends::Server>& servers,
                       const backends::Options& options = store_options());
    // Redis Cluster
    explicit TestStore(const ClusterSeeds& seeds,
                       const backends::Options& options = store_options(),
                       backends::Meters* meters = nullptr);
    ~TestStore();

    // Waits for the `times`th line that contains `part`.
    bool logs(std::string_view part, std::size_t times = 1);
    bool connects(std::size_t times = 1) { return logs("connected", times); }

    std::size_t logged(std::string_view part) const;
    const std::string& log() const { return log_; }
    // Without versions and durations.
    std::string plain_log() const;

    // A fetch in a coroutine of its own.
    struct Fetch {
        bool done = false;
        backends::Fetched result;
        coro::Waker waker{};
    };
    std::shared_ptr<Fetch> begin_fetch(std::string key);

    using Fetches = std::vector<std::shared_ptr<Fetch>>;
    // Fetches of key0, key1, ... Fetches of the same key would be one lookup.
    Fetches begin_fetches(std::size_t n, const std::string& key);

    // Runs a fetch to its end.
    backends::Fetched fetch(std::string key);

    // An add, likewise.
    struct Add {
        bool done = false;
        backends::Addition result{};
        coro::Waker waker{};
    };
    std::shared_ptr<Add>
    begin_add(std::string key, std::string value = "value",
              std::chrono::seconds ttl = std::chrono::seconds(60));
    backends::Addition add(std::string key, std::string value = "value",
                           std::chrono::seconds ttl = std::chrono::seconds(60));

    // A claim, likewise.
    struct Claim {
        bool done = false;
        backends::Claimed result{};
    };
    std::shared_ptr<Claim> begin_claim(std::string key,
                                       coro::Time deadline = coro::never);
    backends::Claimed claim(std::string key);

    // Whether a fetch has this result without a wait.
    bool at_once(backends::Status status);

    // Returns when the store has answered this and everything before it.
    void put(const std::string& key, const std::string& value);

    backends::Store& store() { return *store_; }

  private:
    backends::Log logger();

    std::string log_;
    std::unique_ptr<backends::Store> store_;
};

// A new client of the server, whatever its state.
std::unique_ptr<TestStore>
store_of(const RedisServer& server,
         const backends::Options& like = store_options());
std::unique_ptr<TestStore>
store_of(const MemcachedServer& server,
         const backends::Options& like = store_options());

}  // namespace support
