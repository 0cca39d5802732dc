#include "fleet/stores.hpp"

#include "fleet/proxies.hpp"
#include "support/memcached_server.hpp"
#include "support/redis_server.hpp"

#include <map>
#include <vector>

namespace fleet {

using namespace support;

namespace {

// Servers that know nothing of each other.
template <class Server>
class Lone : public Store {
  public:
    Lone(std::string kind, std::size_t count) : kind_(std::move(kind)) {
        for (std::size_t i = 0; i < count; ++i) {
            servers_.push_back(make());
            proxies_.add(servers_.back()->address());
        }
    }

    std::string parameters() const override {
        return "type=" + kind_ + proxies_.parameters(servers_.size());
    }

    bool has_successors() const override { return false; }
    void kill_master() override { servers_.front()->kill9(); }
    void start_killed() override { servers_.front()->start(); }

    void freeze() override {
        for (auto& server : servers_) {
            server->freeze();
        }
    }

    void thaw() override {
        for (auto& server : servers_) {
            server->thaw();
        }
    }

    void set_delay(Milliseconds delay) override { proxies_.set_delay(delay); }
    std::uint64_t requests() const override { return proxies_.requests(); }
    bool reshard() override { return false; }

  private:
    static std::unique_ptr<Server> make();

    std::string kind_;
    std::vector<std::unique_ptr<Server>> servers_;
    Proxies proxies_;
};

template <>
std::unique_ptr<RedisServer> Lone<RedisServer>::make() {
    return std::make_unique<RedisServer>();
}

template <>
std::unique_ptr<MemcachedServer> Lone<MemcachedServer>::make() {
    return std::make_unique<MemcachedServer>(Arguments{},
                                             MemcachedServer::Listen::at_port);
}

}  // namespace

std::unique_ptr<Store> make_redis() {
    return std::make_unique<Lone<RedisServer>>("redis", 1);
}

std::unique_ptr<Store> make_memcached() {
    return std::make_unique<Lone<MemcachedServer>>("memcached", 3);
}

std::unique_ptr<Store> make_store(const std::string& kind) {
    static const std::map<std::string, std::unique_ptr<Store> (*)()> makers{
        {"redis", make_redis},
        {"sentinel", make_sentinel},
        {"cluster", make_cluster},
        {"memcached", make_memcached}};
    return makers.at(kind)();
}

}  // namespace fleet
