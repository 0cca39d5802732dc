// What operators do to a Redis Cluster: they move slots between servers.

#include "cluster_cell.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <future>

using namespace support;

namespace {

// How many slots are moved: the first of those that a server has.
constexpr int slots = 300;

// During a failover by command Redis holds writes back, on a busy machine for
// longer than the default timeout.
std::string patient(const RedisCluster& cluster) {
    return cluster.parameters() + " timeout=10s";
}

// All sessions resume during the change, and afterwards.
void check_undisturbed(ClusterCell& cell,
                       const FailoverCell::Sessions& sessions,
                       const std::function<void()>& change) {
    auto work = std::async(std::launch::async, change);
    cell.check_throughout(sessions, [&] {
        return work.wait_for(std::chrono::seconds(0)) ==
               std::future_status::ready;
    });
    work.get();
    for (const Node* node : {&cell.a(), &cell.b()}) {
        CAPTURE(node->nginx().log());
        CHECK(node->nginx().log_count("[error]") == 0);
    }
    cell.check_returned(sessions);
}

}  // namespace

TEST_CASE("faults: a cluster's slots change hands") {
    RedisCluster cluster(3, 3);
    FailoverCell::Sessions moving;  // three times
    {
        ClusterCell cell(cluster, "failover by command", patient(cluster));
        cell.begin();
        check_undisturbed(cell, cell.all(), [&] {
            cluster.fail_over(3);
            cluster.replaced(0);
        });
        cell.finish();
    }
    {
        ClusterCell cell(cluster, "live reshard", patient(cluster));
        moving = cell.make_below(slots);
        cell.begin();
        check_undisturbed(cell, moving, [&] { cluster.reshard(3, 1, slots); });
        cell.check_returned(cell.all());
        cell.finish();
    }
    {
        ClusterCell cell(cluster, "a node is added", patient(cluster));
        cell.begin();
        cluster.join();
        check_undisturbed(cell, moving, [&] { cluster.reshard(1, 6, slots); });
        cell.check_returned(cell.all());
        cell.finish(1);
    }
    {
        ClusterCell cell(cluster, "a node is removed", patient(cluster));
        cell.begin();
        check_undisturbed(cell, moving, [&] { cluster.reshard(6, 1, slots); });
        cluster.dismiss_last();
        cell.check_returned(moving);
        cell.check_returned(cell.all());
        cell.finish();
    }
}
