#include "fleet/proxies.hpp"
#include "fleet/stores.hpp"
#include "support/redis_cluster.hpp"

#include <stdexcept>

namespace fleet {

using namespace support;

namespace {

constexpr int masters = 3;
constexpr int moved_slots = 500;

// A second rather than half of one, because two CPUs serve a whole fleet, and a
// server that waits for them must not be replaced.
const Arguments options{"--cluster-node-timeout", "1000"};

class ClusterStore : public Store {
  public:
    ClusterStore() {
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            announce(i);
        }
        if (!eventually([this] { return is_announced(); })) {
            throw std::runtime_error("cluster: the proxies are not announced");
        }
    }

    std::string parameters() const override {
        return "cluster=on" + proxies_.parameters(masters);
    }

    bool has_successors() const override { return true; }
    void kill_master() override {
        killed_ = cluster_.owner_of(0);
        cluster_[killed_].kill9();
    }

    void start_killed() override {
        cluster_[killed_].start(
            {"--cluster-announce-port", proxies_.port(killed_)});
    }

    void freeze() override {
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            cluster_[i].freeze();
        }
    }

    void thaw() override {
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            cluster_[i].thaw();
        }
    }

    void set_delay(Milliseconds delay) override { proxies_.set_delay(delay); }
    std::uint64_t requests() const override { return proxies_.requests(); }

    bool reshard() override {
        cluster_.join();
        announce(cluster_.size() - 1);
        cluster_.reshard(cluster_.owner_of(RedisCluster::n_slots / 2),
                         cluster_.size() - 1, moved_slots);
        return true;
    }

  private:
    // So that clients and replicas connect through its proxy.
    void announce(std::size_t i) {
        proxies_.add(cluster_[i].address());
        cluster_[i].client().config_set("cluster-announce-port",
                                        proxies_.port(i));
    }

    // Whether all servers know all proxies.
    bool is_announced() const {
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            const auto nodes =
                *cluster_[i].client().command({"CLUSTER", "NODES"}).text;
            for (std::size_t j = 0; j < cluster_.size(); ++j) {
                if (nodes.find(":" + proxies_.port(j) + "@") == nodes.npos) {
                    return false;
                }
            }
        }
        return true;
    }

    RedisCluster cluster_{masters, masters, options};
    Proxies proxies_;
    std::size_t killed_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_cluster() {
    return std::make_unique<ClusterStore>();
}

}  // namespace fleet
