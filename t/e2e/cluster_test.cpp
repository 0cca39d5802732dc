// Nodes whose store is a Redis Cluster.

#include "support/node.hpp"
#include "support/redis_cluster.hpp"
#include "support/tls_load.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace support;

namespace {

std::string line(const std::string& parameters, const std::string& more = "") {
    return "remote_ssl_session_cache " + parameters + " " + more + ";";
}

std::string key_of(const Session& session) {
    return "ngx_ssl:" + session_id(session);
}

TlsOptions resuming(const Session& session) {
    return SSL_SESSION_get_protocol_version(session.get()) == TLS1_2_VERSION
               ? tls12(session)
               : tls13(session);
}

// Two nodes that know different seeds.
struct ClusterFleet {
    explicit ClusterFleet(const RedisCluster& the_cluster,
                          const std::string& more = "timeout=10s")
        : cluster(the_cluster), a(line(cluster.parameters({0}), more), {}),
          b(line(cluster.parameters({1, 2}), more), {}) {
        REQUIRE(a.connected(4));
        REQUIRE(b.connected(4));
    }

    bool has(const Session& session) const {
        return cluster.get(key_of(session)).has_value();
    }

    bool stored(const Session& session) const {
        return eventually([&] { return has(session); });
    }

    // Whether the cluster has it, or has refused one. A demoted master answers
    // CLUSTERDOWN until it knows its successor.
    bool stored_or_refused(const Session& session) const {
        return eventually([&] {
            return has(session) || a.nginx().log_count("CLUSTERDOWN") > 0 ||
                   b.nginx().log_count("CLUSTERDOWN") > 0;
        });
    }

    // Half of them TLS 1.2 and half TLS 1.3, on any of the masters.
    std::vector<Session> make_sessions(std::size_t n) const {
        std::vector<Session> made;
        while (made.size() < n) {
            made.push_back(a.get(tls12()).session());
            made.push_back(a.get(tls13()).session());
        }
        for (const auto& session : made) {
            REQUIRE(stored(session));
        }
        return made;
    }

    std::size_t resumed(const std::vector<Session>& sessions) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(sessions, [&](const auto& session) {
                return b.get(resuming(session)).reused;
            }));
    }

    // Takes those out of `sessions` whose slots `node` has.
    std::vector<Session> take(std::vector<Session>& sessions,
                              std::size_t node) const {
        const auto own = std::stable_partition(
            sessions.begin(), sessions.end(), [&](const auto& session) {
                return cluster.owner_of(key_of(session)) != node;
            });
        std::vector<Session> taken(own, sessions.end());
        sessions.erase(own, sessions.end());
        REQUIRE_FALSE(taken.empty());
        return taken;
    }

    const RedisCluster& cluster;
    Node a;
    Node b;
};

}  // namespace

TEST_CASE("cluster: sessions resume at the other node, whoever has them") {
    const RedisCluster cluster;
    const ClusterFleet fleet(cluster);
    auto sessions = fleet.make_sessions(40);
    CHECK(fleet.resumed(sessions) == sessions.size());
    for (const std::size_t node : {0, 1, 2}) {
        fleet.take(sessions, node);
    }
    CHECK(fleet.a.nginx().log_count("[error]") == 0);
    CHECK(fleet.b.nginx().log_count("[error]") == 0);
    // one for each server, and one for the whole cluster
    const auto figures = fleet.b.figures();
    CHECK(figures["servers"].size() == 4);
    const auto& whole = figures["workers"][0]["servers"][3];
    CHECK(whole["server"] == "cluster of " + cluster[1].address().text());
    CHECK(whole["state"] == "up");
    CHECK(whole["slots"] == RedisCluster::n_slots);
    CHECK(whole["told"] > 0);
}

TEST_CASE("cluster: sessions resume while their slots move") {
    const RedisCluster cluster;
    const ClusterFleet fleet(cluster);
    auto sessions = fleet.make_sessions(20);
    const auto moving = fleet.take(sessions, 0);
    for (const auto& session : moving) {
        const int slot = cluster.slot_of(key_of(session));
        cluster.begin_move(slot, 1);
        CHECK(fleet.b.get(resuming(session)).reused);
        cluster.end_move(slot, 1);
        CHECK(fleet.b.get(resuming(session)).reused);
    }
    CHECK(fleet.resumed(moving) == moving.size());
    INFO(fleet.b.nginx().log());
    CHECK(fleet.resumed(sessions) == sessions.size());
    CHECK(fleet.b.nginx().log_count("[error]") == 0);
}

TEST_CASE("cluster: a master is killed, and others' sessions resume") {
    const RedisCluster cluster(3, 1);
    const ClusterFleet fleet(cluster);
    auto sessions = fleet.make_sessions(40);
    const auto lost = fleet.take(sessions, 0);
    REQUIRE(cluster.replicated(0, 3));

    cluster[0].kill9();
    CHECK(fleet.resumed(sessions) == sessions.size());
    REQUIRE(cluster.replaced(0));
    CHECK(eventually([&] { return fleet.b.get(resuming(lost[0])).reused; },
                     soon));
    INFO(fleet.b.nginx().log());
    CHECK(fleet.resumed(lost) == lost.size());
    CHECK(fleet.resumed(sessions) == sessions.size());
}

TEST_CASE("cluster: a replica is made master under load") {
    // A busy machine must not make the replica master before the command does.
    // During the failover Redis holds writes back, for at most 5 s.
    const RedisCluster cluster(3, 1, {"--cluster-node-timeout", "20000"});
    const ClusterFleet fleet(cluster);
    TlsLoad load({fleet.a.address(), fleet.b.address()}, 4,
                 [&](const Session& session) {
                     return fleet.stored_or_refused(session);
                 });
    REQUIRE(load.resumes());
    cluster.fail_over(3);
    REQUIRE(load.resumes());
    const auto tally = load.stop();
    INFO(fleet.a.nginx().log());
    INFO(fleet.b.nginx().log());
    INFO(tally.text());
    CHECK(tally.failed() == 0);
}

TEST_CASE("cluster: what the directive refuses, and warns of") {
    const RedisServer redis;
    const auto seed = "addr=" + redis.address().text();
    Node node(line("cluster=on " + seed, "\"prefix=a{b}c\" timeout=2s"), {});
    CHECK(node.nginx().log_count("into one slot of the cluster") == 1);
    CHECK(node.nginx().wait_log("cluster support disabled"));
    // this is no worse than having no store
    CHECK_FALSE(node.get(tls12(node.get(tls12()).session())).reused);
}
