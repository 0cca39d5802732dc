#include "fleet/proxies.hpp"
#include "fleet/stores.hpp"
#include "support/sentinel_server.hpp"

#include <stdexcept>

namespace fleet {

using namespace support;

namespace {

constexpr std::size_t primary = 0, replica = 1;

class SentinelStore : public Store {
  public:
    SentinelStore() {
        proxies_.add(watched_.a().address());
        proxies_.add(watched_.b().address());
        announce_replica();
        for (std::size_t i = 0; i < watched_.count(); ++i) {
            watch_proxy(watched_.sentinel(i).client());
        }
        if (!eventually([this] { return is_watched(); })) {
            throw std::runtime_error("the Sentinels do not see the proxies");
        }
    }

    std::string parameters() const override { return watched_.parameters(); }

    bool has_successors() const override { return true; }
    void kill_master() override { watched_.a().kill9(); }

    void start_killed() override {
        watched_.a().start({"--replica-announce-port", proxies_.port(primary)});
    }

    void freeze() override {
        watched_.a().freeze();
        watched_.b().freeze();
    }

    void thaw() override {
        watched_.a().thaw();
        watched_.b().thaw();
    }

    void set_delay(Milliseconds delay) override { proxies_.set_delay(delay); }
    std::uint64_t requests() const override { return proxies_.requests(); }
    bool reshard() override { return false; }

  private:
    void announce_replica() {
        auto client = watched_.b().client();
        client.config_set("replica-announce-port", proxies_.port(replica));
        // It announces itself to its master when it connects.
        client.command(
            {"REPLICAOF", proxies_[primary].host, proxies_.port(primary)});
    }

    // The proxy instead of the primary itself.
    void watch_proxy(RedisClient sentinel) const {
        const std::string name = Watched::name;
        const auto quorum = std::to_string(watched_.count() / 2 + 1);
        sentinel.command({"SENTINEL", "REMOVE", name});
        sentinel.command({"SENTINEL", "MONITOR", name, proxies_[primary].host,
                          proxies_.port(primary), quorum});
        sentinel.command({"SENTINEL", "SET", name, "down-after-milliseconds",
                          "1000", "failover-timeout", "4000"});
    }

    // By all Sentinels, which know each other and the replica.
    bool is_watched() {
        for (std::size_t i = 0; i < watched_.count(); ++i) {
            auto sentinel = watched_.sentinel(i).client();
            const auto known = sentinel.info("sentinel", "master0");
            if (known.find("status=ok") == known.npos ||
                known.find("slaves=1,sentinels=3") == known.npos) {
                return false;
            }
        }
        return true;
    }

    Watched watched_;
    Proxies proxies_;
};

}  // namespace

std::unique_ptr<Store> make_sentinel() {
    return std::make_unique<SentinelStore>();
}

}  // namespace fleet
