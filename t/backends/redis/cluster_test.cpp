// A Redis Cluster at work: real servers, whose slots and roles change.

#include "support/test_resolver.hpp"
#include "support/test_store.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using backends::Addition;
using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// Lookups end soon, whatever a second server does.
backends::Options quick() {
    auto options = store_options();
    options.timeout = 2s;
    return options;
}

// A store that knows the cluster.
struct Known : TestStore {
    explicit Known(const RedisCluster& cluster,
                   const backends::Options& options = quick())
        : TestStore(cluster_seeds(cluster), options) {
        REQUIRE(loop.run_until(
            [this] { return fetch("unknown").status == Status::miss; }));
    }
};

// Stores and fetches keys, and checks that each is at its slot's node.
void check_all(TestStore& s, const RedisCluster& cluster, int n,
               const std::string& stem) {
    for (int i = 0; i < n; ++i) {
        const auto key = stem + std::to_string(i);
        CAPTURE(key);
        CHECK(s.store().store(key, "value of " + key, 60s) == Status::queued);
        CHECK(s.fetch(key).value == "value of " + key);
        CHECK(cluster.get(key) == "value of " + key);
    }
}

// How often its servers have been asked for the slots.
int questions(const RedisCluster& cluster) {
    int sum = 0;
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        const auto stats =
            cluster[i].client().info("commandstats", "cmdstat_cluster|slots");
        sum += stats.empty() ? 0 : std::stoi(stats.substr(sizeof "calls=" - 1));
    }
    return sum;
}

bool fetches(TestStore& s, const std::string& key, Status status) {
    return s.loop.run_until([&] { return s.fetch(key).status == status; });
}

}  // namespace

TEST_CASE("redis cluster: values are stored where their slots are") {
    const RedisCluster cluster;
    TestStore s(cluster_seeds(cluster, {1}));

    // nobody has waited for a connection
    CHECK(s.fetch("key").status == Status::miss);
    check_all(s, cluster, 50, "key");
    CHECK(s.logged("[error]") == 0);
    CHECK(s.logged("connected") == 4);

    CHECK(s.add("added", "first") == Addition::added);
    CHECK(s.add("added", "second") == Addition::exists);
    CHECK(s.fetch("added").value == "first");
    CHECK(s.store().erase("added") == Status::queued);
    CHECK(s.fetch("added").status == Status::miss);
    CHECK(s.fetch("key{tag}").status == Status::miss);
}

TEST_CASE("redis cluster: who has asked for a slot that has moved follows") {
    const RedisCluster cluster;
    Known s(cluster);
    const auto key = cluster.key_of(0);
    s.put(key, "value");
    const int slot = cluster.slot_of(key);

    cluster.begin_move(slot, 2);
    cluster.end_move(slot, 2);
    SUBCASE("a get") {
        CHECK(s.fetch(key).value == "value");
    }
    SUBCASE("several at once") {
        const auto one = s.begin_fetch(key);
        const auto other = s.begin_fetch(key);
        CHECK(s.loop.run_until([&] { return one->done && other->done; }));
        CHECK(one->result.value == "value");
        CHECK(other->result.value == "value");
    }
    SUBCASE("a set") {
        CHECK(s.store().store(key, "new", 60s) == Status::queued);
        CHECK(eventually([&] {
            s.loop.run_turns(3);
            return cluster.get(key) == "new";
        }));
        CHECK(s.fetch(key).value == "new");
    }
    SUBCASE("a delete") {
        CHECK(s.store().erase(key) == Status::queued);
        CHECK(eventually([&] {
            s.loop.run_turns(3);
            return !cluster.get(key);
        }));
    }
    SUBCASE("an add") {
        CHECK(s.add(key, "new") == Addition::exists);
        CHECK(s.fetch(key).value == "value");
    }
    // The slot is known now: no request is redirected any more.
    const auto asked =
        cluster[0].client().info("stats", "total_commands_processed");
    s.fetch(key);
    CHECK(cluster[0].client().info("stats", "total_commands_processed") <=
          std::to_string(std::stoi(asked) + 2));
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis cluster: a slot on its way is asked for on both sides") {
    RedisCluster cluster;
    Known s(cluster);
    const auto tag = "{" + cluster.key_of(0) + "}";
    const auto here = tag + "here";
    s.put(here, "here");
    const int slot = cluster.slot_of(here);
    // A node that no topology lists, because it has no slots.
    cluster.join();
    cluster.begin_move(slot, 3);
    s.loop.run_turns(2);  // its clock stood still meanwhile

    CHECK(s.fetch(here).value == "here");
    CHECK(s.fetch(tag + "there").status == Status::miss);
    CHECK(s.store().store(tag + "there", "there", 60s) == Status::queued);
    CHECK(s.loop.run_until(
        [&] { return s.fetch(tag + "there").value == "there"; }));
    CHECK(s.add(tag + "add", "added") == Addition::added);
    CHECK(s.add(tag + "add", "again") == Addition::exists);
    CHECK(s.store().erase(tag + "there") == Status::queued);
    CHECK(fetches(s, tag + "there", Status::miss));

    cluster.end_move(slot, 3);
    CHECK(s.fetch(here).value == "here");
    CHECK(s.fetch(tag + "add").value == "added");
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis cluster: a get comes after the set before it") {
    const RedisCluster cluster;
    for (int i = 0; i < 20; ++i) {
        Known s(cluster);  // two of the nodes may not be connected yet
        check_all(s, cluster, 3, "key" + std::to_string(i) + "-");
    }
}

TEST_CASE("redis cluster: servers have names, which somebody looks up") {
    RedisCluster cluster(3, 0,
                         {"--cluster-announce-hostname", "node.test",
                          "--cluster-preferred-endpoint-type", "hostname"});
    LoopbackResolver resolver;
    auto options = quick();
    options.resolver = &resolver;
    Known s(cluster, options);
    check_all(s, cluster, 20, "key");
    CHECK(std::ranges::count(resolver.asked, "node.test") >= 3);

    // A node that no reply has named yet.
    const auto key = cluster.key_of(0);
    const auto port = std::to_string(cluster.join().address().port);
    cluster.begin_move(cluster.slot_of(key), 3);
    s.loop.run_turns(2);  // its clock stood still meanwhile
    CHECK(s.fetch(key + "{" + key + "}").status == Status::miss);
    CHECK(s.fetch("{" + key + "}").status == Status::miss);
    CHECK(s.logged("node.test:" + port) == 0);
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis cluster: a server goes while its name is looked up") {
    RedisCluster cluster(3, 0,
                         {"--cluster-announce-hostname", "node.test",
                          "--cluster-preferred-endpoint-type", "hostname",
                          "--cluster-allow-replica-migration", "no"});
    LoopbackResolver resolver;
    auto options = quick();
    options.resolver = &resolver;
    options.timeout = 1h;
    Known s(cluster, options);
    const auto key = cluster.key_of(0);
    cluster.join();
    cluster.begin_move(cluster.slot_of(key), 3);
    cluster.end_move(cluster.slot_of(key), 3);

    resolver.takes_all_time = true;
    const auto asked = resolver.asked.size();
    const auto fetch = s.begin_fetch(key);
    CHECK(s.loop.run_until([&] { return resolver.asked.size() > asked; }));
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::down);

    cluster.begin_move(cluster.slot_of(key), 0);
    cluster.end_move(cluster.slot_of(key), 0);
    s.loop.skip(1min);  // until the slots are asked for
    CHECK(fetches(s, key, Status::miss));
    s.loop.run_turns(20);
    CHECK(fetches(s, key, Status::miss));
}

TEST_CASE("redis cluster: servers have names, and nobody looks these up") {
    const RedisCluster cluster(3, 0,
                               {"--cluster-announce-hostname", "node.test",
                                "--cluster-preferred-endpoint-type",
                                "hostname"});
    Known s(cluster);
    check_all(s, cluster, 20, "key");
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis cluster: a seed is a name, of which nothing is known yet") {
    const RedisCluster cluster;
    LoopbackResolver resolver;
    auto options = quick();
    options.resolver = &resolver;
    TestStore s(ClusterSeeds{{{.name = "seed.test",
                               .host = "seed.test",
                               .port = cluster[0].address().port}}},
                options);
    REQUIRE(s.connects(1 + cluster.size()));
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(resolver.asked.front() == "seed.test");
}

TEST_CASE("redis cluster: while all is well it is asked for slots once") {
    const RedisCluster cluster;
    const auto before = questions(cluster);
    auto options = quick();
    options.interval = 1h;  // no PING that would time out in a skip
    TestStore s(cluster_seeds(cluster), options);
    REQUIRE(s.connects(4));
    const auto end = s.loop.now() + 20s;
    REQUIRE(s.loop.run_until([&] {
        s.loop.skip(200ms);
        return s.loop.now() >= end;
    }));
    CHECK(questions(cluster) < before + 4);
}

TEST_CASE("redis cluster: while a slot has no server it is asked for again") {
    const RedisCluster cluster;
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        cluster[i].client().command({"CLUSTER", "DELSLOTS", "0"});
    }
    const auto before = questions(cluster);
    auto options = quick();
    options.interval = 1h;
    TestStore s(cluster_seeds(cluster), options);
    const auto begin = s.loop.now();
    CHECK(s.loop.run_until([&] {
        s.loop.skip(200ms);
        return questions(cluster) >= before + 4;
    }));
    CHECK(s.loop.now() - begin < 40s);
}

TEST_CASE("redis cluster: it is down as a whole, which is a miss") {
    const RedisCluster cluster(3, 0,
                               {"--cluster-require-full-coverage", "yes",
                                "--cluster-node-timeout", "500"});
    Known s(cluster);
    const auto key = cluster.key_of(1);
    s.put(key, "value");
    cluster[0].kill9();
    CHECK(s.loop.run_until([&] {
        return s.fetch(key).status == Status::miss &&
               s.logged("GET failed: CLUSTERDOWN") != 0;
    }));
    CHECK(s.add(key) == Addition::unknown);
    cluster[0].start();
    CHECK(s.loop.run_until([&] { return s.fetch(key).value == "value"; }));
}

TEST_CASE("redis cluster: a replica takes over, its master stays") {
    const RedisCluster cluster(3, 1);
    Known s(cluster);
    const auto key = cluster.key_of(0);
    s.put(key, "value");
    REQUIRE(cluster.replicated(0, 3));

    cluster.fail_over(3);
    s.loop.run_turns(2);  // its clock stood still meanwhile
    CHECK(s.loop.run_until([&] { return s.fetch(key).value == "value"; }));
    s.put(key, "new");
    CHECK(cluster[3].client().get(key) == "new");
    // The old one is left once it is known who has its slots.
    s.loop.skip(20s);
    INFO(s.log());
    CHECK(s.loop.run_until([&] {
        s.fetch(key);
        return cluster[0].client().info("clients", "connected_clients") ==
               "2";  // ours, and the new master's
    }));
}

TEST_CASE("redis cluster: a master dies, and others are not concerned") {
    const RedisCluster cluster(3, 1);
    Known s(cluster);
    const auto lost = cluster.key_of(0);
    const auto kept = cluster.key_of(1);
    s.put(lost, "lost");
    s.put(kept, "kept");
    REQUIRE(cluster.replicated(0, 3));

    cluster[0].kill9();
    CHECK(s.loop.run_until([&] {
        CHECK(s.fetch(kept).value == "kept");
        return s.fetch(lost).status == Status::down;
    }));
    REQUIRE(cluster.replaced(0));
    s.loop.run_turns(2);  // its clock stood still meanwhile
    const auto elected = Clock::now();
    CHECK(s.loop.run_until([&] {
        CHECK(s.fetch(kept).value == "kept");
        return s.fetch(lost).value == "lost";
    }));
    CHECK(Clock::now() - elected < 2s);
    check_all(s, cluster, 20, "key");
}

TEST_CASE("redis cluster: a master without a replica dies and comes back") {
    const RedisCluster cluster;
    Known s(cluster);
    const auto key = cluster.key_of(0);
    const auto other = cluster.key_of(1);
    s.put(other, "other");
    cluster[0].kill9();
    REQUIRE(fetches(s, key, Status::down));
    CHECK(s.store().store(key, "value", 60s) == Status::down);
    CHECK(s.fetch(other).value == "other");
    cluster[0].start();
    CHECK(fetches(s, key, Status::miss));
}

TEST_CASE("redis cluster: all masters are restarted") {
    const RedisCluster cluster;
    Known s(cluster);
    REQUIRE(s.fetch("key").status == Status::miss);
    for (std::size_t i = 0; i < 3; ++i) {
        cluster[i].kill9();
    }
    REQUIRE(fetches(s, "key", Status::down));
    for (std::size_t i = 0; i < 3; ++i) {
        cluster[i].start();
    }
    CHECK(fetches(s, "key", Status::miss));
}

TEST_CASE("redis cluster: seeds may be dead, but for one") {
    const RedisCluster cluster;
    auto seeds = cluster_seeds(cluster, {0});
    const ReservedPort nobody;
    seeds.servers.insert(seeds.servers.begin(),
                         store_server(store_address(nobody.address())));
    TestStore s(seeds);
    REQUIRE(s.connects(1 + cluster.size()));
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis cluster: all seeds are dead for a while, once told") {
    const ReservedPort nobody;
    TestStore s(ClusterSeeds{{store_server(store_address(nobody.address()))}},
                quick());
    CHECK(s.fetch("key").status == Status::down);
    for (int i = 0; i < 10; ++i) {
        s.loop.skip(2s);
        s.loop.run_turns(20);
    }
    CHECK(s.logged("[error]") == 1);
    CHECK(s.logged("Connection refused") == 1);
    CHECK(s.fetch("key").status == Status::down);
    CHECK(s.store().store("key", "value", 60s) == Status::down);
    CHECK(s.add("key") == Addition::unknown);
}

TEST_CASE("redis cluster: a Redis that is none is told once") {
    const RedisServer redis;
    TestStore s(ClusterSeeds{{store_server(store_address(redis.address()))}},
                quick());
    CHECK(s.fetch("key").status == Status::down);
    CHECK(s.logs("cluster support disabled"));
    for (int i = 0; i < 5; ++i) {
        s.loop.skip(2s);
        s.loop.run_turns(50);
    }
    CHECK(s.logged("cluster support disabled") == 1);
}

TEST_CASE("redis cluster: a frozen master holds up its own keys only") {
    const RedisCluster cluster;
    auto options = quick();
    options.timeout = 500ms;
    Known s(cluster, options);
    const auto frozen = cluster.key_of(0);
    const auto other = cluster.key_of(1);
    s.put(other, "other");
    s.put(frozen, "frozen");
    cluster[0].freeze();
    const auto waiting = s.begin_fetch(frozen);
    CHECK(s.fetch(other).value == "other");
    CHECK(s.loop.run_until([&] { return waiting->done; }));
    CHECK(waiting->result.status == Status::timeout);
    cluster[0].thaw();
    CHECK(s.loop.run_until([&] { return s.fetch(frozen).value == "frozen"; }));
}

TEST_CASE("redis cluster: the queue is one for all nodes") {
    const RedisCluster cluster;
    auto options = store_options();
    options.count = 10;
    Known s(cluster, options);
    REQUIRE(s.fetch("key").status == Status::miss);
    for (std::size_t i = 0; i < 3; ++i) {
        cluster[i].freeze();
    }
    const auto fetches = s.begin_fetches(30, "key");
    s.loop.run_turns(5);
    CHECK(std::ranges::count_if(fetches, [](const auto& fetch) {
              return fetch->done && fetch->result.status == Status::busy;
          }) == 20);
    for (std::size_t i = 0; i < 3; ++i) {
        cluster[i].thaw();
    }
    CHECK(s.loop.run_until([&] {
        return std::ranges::all_of(
            fetches, [](const auto& fetch) { return fetch->done; });
    }));
}
