// A Redis Cluster whose servers die, stand still or lose each other.

#include "cluster_cell.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Whether a former master has been replaced.
bool is_replica(const RedisServer& server) {
    return eventually(
        [&] { return server.client().info("replication", "role") == "slave"; });
}

bool is_down(const RedisServer& server) {
    return server.client()
               .command({"CLUSTER", "INFO"})
               .text->find("cluster_state:fail") != std::string::npos;
}

std::size_t owner_of_last(const RedisCluster& cluster) {
    return cluster.owner_of(RedisCluster::n_slots - 1);
}

}  // namespace

TEST_CASE("faults: masters of a cluster fail") {
    const RedisCluster cluster(3, 3);
    {
        ClusterCell cell(cluster, "a master is killed with -9, and comes back",
                         cluster.parameters());
        REQUIRE(cluster.replicated(0, 3));
        cell.begin();
        cluster[0].kill9();
        cell.check_throughout(cell.but_of(0),
                              [&] { return cluster.is_replaced(0); });
        cell.check_returned(cell.all());
        cluster[0].start();
        CHECK(is_replica(cluster[0]));
        cell.check_returned(cell.all());
        cell.finish();
    }
    {
        ClusterCell cell(cluster, "a master is frozen, and comes back",
                         cluster.parameters());
        REQUIRE(cluster.replicated(1, 4));
        cell.begin();
        cluster[1].freeze();
        cell.check_throughout(cell.but_of(1),
                              [&] { return cluster.is_replaced(1); });
        cell.check_returned(cell.all());
        cluster[1].thaw();
        CHECK(is_replica(cluster[1]));
        cell.check_returned(cell.all());
        cell.finish();
    }
    {
        // The master that is cut off believes that its slots are still its own.
        ClusterCell cell(cluster, "a master is cut off: CLUSTERDOWN",
                         cluster.parameters());
        REQUIRE(cluster.replicated(2, 5));
        REQUIRE(owner_of_last(cluster) == 2);
        cell.begin();
        cluster.cut_off(2);
        CHECK(is_down(cluster[2]));
        cell.check_throughout(cell.but_of(2),
                              [&] { return cluster.is_replaced(2); });
        cell.check_returned(cell.all());
        CHECK(is_down(cluster[2]));
        cluster.rejoin(2);
        CHECK(is_replica(cluster[2]));
        cell.check_returned(cell.all());
        cell.finish();
    }
    {
        // Their data is gone with them.
        ClusterCell cell(cluster, "all masters are restarted",
                         cluster.parameters());
        cell.begin();
        for (const std::size_t master : {3, 4, 5}) {
            cluster[master].kill9();
        }
        cell.check_full(cell.all());
        for (const std::size_t master : {3, 4, 5}) {
            cluster[master].start();
        }
        cell.check_serves([&] { return cluster.agrees(); });
        cell.check_new_return();
        cell.finish();
    }
}

TEST_CASE("faults: the seeds of a cluster die") {
    const RedisCluster cluster(3, 3);
    cluster[3].kill9();
    ClusterCell cell(cluster, "seeds dead, some before the start",
                     cluster.parameters({3, 4, 5}));
    cell.begin();
    cluster[4].kill9();
    cluster[5].kill9();
    // This makes the nodes ask for the slots again.
    cluster[0].client().command({"CLIENT", "KILL", "TYPE", "normal"});
    cell.check_throughout(cell.but_of(0), [&] {
        return cell.a().nginx().log_count(": connected") > 4 &&
               cell.b().nginx().log_count(": connected") > 4;
    });
    cell.check_returned(cell.all());
    cell.finish();
}

TEST_CASE("faults: a cluster that wants all of its slots") {
    const RedisCluster cluster(3, 1,
                               {"--cluster-require-full-coverage", "yes"});
    ClusterCell cell(cluster, "a master is killed; full coverage is wanted",
                     cluster.parameters());
    cluster[3].client().config_set("cluster-replica-no-failover", "yes");
    REQUIRE(cluster.replicated(0, 3));
    cell.begin();
    cluster[0].kill9();
    cell.check_serves(
        [&] { return is_down(cluster[1]) && is_down(cluster[2]); });
    cell.check_full(cell.all());
    cluster[3].client().config_set("cluster-replica-no-failover", "no");
    cell.check_serves([&] { return cluster.agrees(); });
    cell.check_returned(cell.all());
    cell.finish();
}
