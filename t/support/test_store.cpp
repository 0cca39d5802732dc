#include "support/test_store.hpp"

#include "backends/memcached/ring.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <regex>
#include <sys/un.h>

namespace support {

using backends::Level;

namespace {

const char* name(Level level) {
    return level == Level::error ? "[error] " : "[notice] ";
}

}  // namespace

backends::Address store_address(const std::string& unix_path) {
    backends::Address result{{}, sizeof(sockaddr_un), "unix:" + unix_path};
    auto& address = reinterpret_cast<sockaddr_un&>(result.storage);
    address.sun_family = AF_UNIX;
    unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    return result;
}

backends::Address store_address(const Address& address) {
    backends::Address result{{}, sizeof(sockaddr_in), address.text()};
    auto& in = reinterpret_cast<sockaddr_in&>(result.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &in.sin_addr);
    return result;
}

backends::Address store_address(const Peer& peer) {
    backends::Address result{{}, peer.length(), "peer"};
    std::memcpy(&result.storage, peer.address(), peer.length());
    return result;
}

backends::Options store_options() {
    backends::Options options;
    options.interval = Milliseconds{50};
    options.timeout = patience;
    return options;
}

backends::Options store_options(backends::Address address) {
    auto options = store_options();
    options.addresses.push_back(std::move(address));
    return options;
}

backends::Options store_options(const RedisServer& server) {
    return store_options(store_address(server.unix_path()));
}

backends::Server store_server(const backends::Address& address,
                              unsigned weight) {
    return {.name = address.text, .addresses = {address}, .weight = weight};
}

backends::Server store_server(const MemcachedServer& server, unsigned weight) {
    const bool at_path = server.listen() == MemcachedServer::Listen::at_path;
    return store_server(at_path ? store_address(server.unix_path())
                                : store_address(server.address()),
                        weight);
}

ClusterSeeds cluster_seeds(const RedisCluster& cluster,
                           const std::vector<std::size_t>& nodes) {
    ClusterSeeds seeds;
    for (const auto i : nodes) {
        seeds.servers.push_back(
            store_server(store_address(cluster[i].address())));
    }
    return seeds;
}

TestStore::TestStore(backends::Options options)
    : store_(backends::make_redis(scheduler, std::move(options), logger())) {
    REQUIRE(store_ != nullptr);
}

TestStore::TestStore(const backends::Watch& watch, backends::Options options)
    : store_(backends::make_sentinel(scheduler, std::move(options), watch,
                                     logger())) {
    REQUIRE(store_ != nullptr);
}

TestStore::TestStore(const std::vector<backends::Server>& servers,
                     const backends::Options& options) {
    REQUIRE((servers.size() == 1 || backends::memcached::Ring::load().empty()));
    store_ = backends::make_memcached(scheduler, servers, options, logger());
    REQUIRE(store_ != nullptr);
}

TestStore::TestStore(const ClusterSeeds& seeds,
                     const backends::Options& options, backends::Meters* meters)
    : store_(backends::make_redis_cluster(scheduler, seeds.servers, options,
                                          logger(), meters)) {
    REQUIRE(store_ != nullptr);
}

backends::Log TestStore::logger() {
    return [this](Level level, std::string_view line) {
        const Allocations::Scope test(Allocations::Of::test);
        log_.append(name(level)).append(line) += '\n';
    };
}

TestStore::~TestStore() {
    store_->close();
    // other tests check how soon it ends
    loop.skip(std::chrono::hours(24));
    CHECK(finish());
}

bool TestStore::logs(std::string_view part, std::size_t times) {
    return loop.run_until([&] { return logged(part) >= times; });
}

std::size_t TestStore::logged(std::string_view part) const {
    return count_lines(log_, part);
}

std::shared_ptr<TestStore::Fetch> TestStore::begin_fetch(std::string key) {
    auto fetch = std::make_shared<Fetch>();
    start([this, fetch, key = std::move(key)] {
        fetch->waker = coro::next_wait();
        fetch->result = store_->fetch(key);
        fetch->done = true;
    });
    return fetch;
}

std::shared_ptr<TestStore::Add> TestStore::begin_add(std::string key,
                                                     std::string value,
                                                     std::chrono::seconds ttl) {
    auto add = std::make_shared<Add>();
    start([this, add, key = std::move(key), value = std::move(value), ttl] {
        add->waker = coro::next_wait();
        add->result = store_->add(key, value, ttl);
        add->done = true;
    });
    return add;
}

backends::Addition TestStore::add(std::string key, std::string value,
                                  std::chrono::seconds ttl) {
    const auto add = begin_add(std::move(key), std::move(value), ttl);
    CHECK(loop.run_until([&] { return add->done; }));
    return add->result;
}

std::shared_ptr<TestStore::Claim> TestStore::begin_claim(std::string key,
                                                         coro::Time deadline) {
    auto claim = std::make_shared<Claim>();
    start([this, claim, key = std::move(key), deadline] {
        claim->result = store_->claim(key, std::chrono::seconds(60), deadline);
        claim->done = true;
    });
    return claim;
}

backends::Claimed TestStore::claim(std::string key) {
    const auto claim = begin_claim(std::move(key));
    CHECK(loop.run_until([&] { return claim->done; }));
    return claim->result;
}

TestStore::Fetches TestStore::begin_fetches(std::size_t n,
                                            const std::string& key) {
    Fetches fetches;
    for (std::size_t i = 0; i < n; ++i) {
        fetches.push_back(begin_fetch(key + std::to_string(i)));
    }
    return fetches;
}

backends::Fetched TestStore::fetch(std::string key) {
    const auto fetch = begin_fetch(std::move(key));
    CHECK(loop.run_until([&] { return fetch->done; }));
    return fetch->result;
}

bool TestStore::at_once(backends::Status status) {
    const auto fetch = begin_fetch("key");
    return fetch->done && fetch->result.status == status;
}

void TestStore::put(const std::string& key, const std::string& value) {
    CHECK(store_->store(key, value, std::chrono::seconds(300)) ==
          backends::Status::queued);
    fetch(key);
}

std::string TestStore::plain_log() const {
    static const std::regex details(", (version [0-9.]+|back after [0-9]+ ms)");
    return std::regex_replace(log_, details, "");
}

std::unique_ptr<TestStore> store_of(const RedisServer& server,
                                    const backends::Options& like) {
    auto options = like;
    options.addresses = store_options(server).addresses;
    return std::make_unique<TestStore>(options);
}

std::unique_ptr<TestStore> store_of(const MemcachedServer& server,
                                    const backends::Options& like) {
    return std::make_unique<TestStore>(std::vector{store_server(server)}, like);
}

}  // namespace support
