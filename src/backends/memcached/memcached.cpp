#include "backends/memcached/ring.hpp"
#include "backends/memcached/server.hpp"

#include <optional>
#include <utility>

namespace backends {

namespace {

/*
 * Several servers, with the keys spread over them by consistent hashing. Each
 * server has a client of its own. So a server that fails holds up no other
 * keys, and its own keys are misses until it is back.
 */
class Memcached final : public Store {
  public:
    Memcached(coro::Scheduler& scheduler, const std::vector<Server>& servers,
              const Options& options, const Log& log);

    void start() noexcept {
        for (auto& server : servers_) {
            server->start();
        }
    }

    Fetched fetch(std::string_view key, coro::Time deadline) noexcept override {
        return server_of(key).fetch(key, deadline);
    }

    Fetched peek(std::string_view key) noexcept override {
        return server_of(key).peek(key);
    }

    Addition add(std::string_view key, std::string_view value,
                 std::chrono::seconds ttl) noexcept override {
        return server_of(key).add(key, value, ttl);
    }

    Claimed claim(std::string_view key, std::chrono::seconds ttl,
                  coro::Time deadline) noexcept override {
        return server_of(key).claim(key, ttl, deadline);
    }

    Status store(std::string_view key, std::string_view value,
                 std::chrono::seconds ttl) noexcept override {
        return server_of(key).store(key, value, ttl);
    }

    void reconsider() noexcept override {
        for (auto& server : servers_) {
            server->reconsider();
        }
    }

    Status erase(std::string_view key) noexcept override {
        return server_of(key).erase(key);
    }

    void close() noexcept override {
        for (auto& server : servers_) {
            server->close();
        }
    }

  private:
    Store& server_of(std::string_view key) noexcept {
        return *servers_[ring_ ? ring_->server_of(key) : 0];
    }

    std::optional<memcached::Ring> ring_; /* empty if there is one server */
    std::vector<std::unique_ptr<memcached::Server>> servers_;
};

Memcached::Memcached(coro::Scheduler& scheduler,
                     const std::vector<Server>& servers, const Options& options,
                     const Log& log) {
    if (servers.size() > 1) {
        ring_.emplace(servers);
    }

    for (const Server& server : servers) {
        Options own = options;
        own.addresses = server.addresses;
        own.host = server.host;
        own.port = server.port;
        own.tls_name = server.tls_name;
        own.meter = server.meter;
        servers_.push_back(std::make_unique<memcached::Server>(
            scheduler, std::move(own), log));
    }
}

}  // namespace

std::unique_ptr<Store> make_memcached(coro::Scheduler& scheduler,
                                      const std::vector<Server>& servers,
                                      const Options& options, const Log& log) {
    auto store = std::make_unique<Memcached>(scheduler, servers, options, log);
    store->start();
    return store;
}

}  // namespace backends
