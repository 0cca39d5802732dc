#include "backends/memcached/memcached_server.hpp"
#include "backends/store.hpp"

#include <new>
#include <string>
#include <utility>

namespace backends {

#ifdef HAVE_LIBMEMCACHED

namespace {

using libmemcached::api;

/*
 * Servers with the keys spread over them by consistent hashing. Each has a
 * client of its own, so that one that fails holds nobody else up: its keys
 * are misses until it is back.
 */
class Memcached final : public Store {
  public:
    Memcached(coro::Scheduler& scheduler, const std::vector<Server>& servers,
              const Options& options, const Log& log);

    ~Memcached() override { api.free_(ring_); }

    Memcached(const Memcached&) = delete;
    Memcached& operator=(const Memcached&) = delete;

    bool start() noexcept {
        bool started = true;
        for (auto& server : servers_) {
            started = server->start() && started;
        }
        return started;
    }

    Fetched fetch(std::string_view key) noexcept override {
        return server_of(key).fetch(key);
    }

    Status store(std::string_view key, std::string_view value,
                 std::chrono::seconds ttl) noexcept override {
        return server_of(key).store(key, value, ttl);
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
        return *servers_[servers_.size() == 1
                             ? 0
                             : api.generate_hash_(ring_, key.data(),
                                                  key.size())];
    }

    memcached_st* ring_; /* never connects: it knows where keys belong */
    std::vector<std::unique_ptr<MemcachedServer>> servers_;
};

/*
 * The ring is made of the servers' names and weights, whatever their order,
 * so that every node of a fleet makes the same. The port is part of the
 * name; libmemcached leaves 11211 out, and so all are given that.
 */
Memcached::Memcached(coro::Scheduler& scheduler,
                     const std::vector<Server>& servers, const Options& options,
                     const Log& log)
    : ring_(api.create_(nullptr)) {
    if (ring_ == nullptr) {
        throw std::bad_alloc();
    }

    for (const Server& server : servers) {
        Options own = options;
        own.addresses = server.addresses;
        own.host = server.host;
        own.port = server.port;
        own.meter = server.meter;
        servers_.push_back(
            std::make_unique<MemcachedServer>(scheduler, std::move(own), log));
        api.server_add_with_weight_(ring_, server.name.c_str(),
                                    MEMCACHED_DEFAULT_PORT, server.weight);
    }

    api.behavior_set_(ring_, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
}

}  // namespace

std::unique_ptr<Store> make_memcached(coro::Scheduler& scheduler,
                                      const std::vector<Server>& servers,
                                      const Options& options, const Log& log) {
    auto store = std::make_unique<Memcached>(scheduler, servers, options, log);

    if (!store->start()) {
        return nullptr;
    }
    return store;
}

#else

std::unique_ptr<Store> make_memcached(coro::Scheduler&,
                                      const std::vector<Server>&,
                                      const Options&, const Log&) {
    return nullptr;
}

#endif

}  // namespace backends
