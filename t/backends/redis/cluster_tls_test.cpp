// A Redis Cluster with TLS: which names or addresses its certificates are for.

#include "support/test_resolver.hpp"
#include "support/tls_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

backends::Options options_with(const std::string& tls_name) {
    auto options = tls_options({}, trusting("localhost"));
    options.addresses.clear();
    options.tls_name = tls_name;
    return options;
}

// Each seed's own name is `name`, as if that were configured.
ClusterSeeds tls_seeds(const RedisCluster& cluster, const std::string& name) {
    ClusterSeeds seeds;
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        auto seed = store_server(store_address(cluster.tls_address(i)));
        seed.tls_name = name;
        seeds.servers.push_back(std::move(seed));
    }
    return seeds;
}

// All servers are used, and over TLS: each has a key of its own.
void check_all(TestStore& s, const RedisCluster& cluster) {
    REQUIRE(s.connects(1 + cluster.size()));
    CHECK(s.fetch("key").status == Status::miss);
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        const auto key = cluster.key_of(i);
        CHECK(s.store().store(key, "value", 60s) == Status::queued);
        CHECK(s.fetch(key).value == "value");
        CHECK(s.logged("redis " + cluster.tls_address(i).text() +
                       ": connected") == 1);
        CHECK(s.logged(cluster[i].address().text()) == 0);
    }
    CHECK(s.logged("[error]") == 0);
}

}  // namespace

TEST_CASE("redis cluster tls: the certificates are for addresses") {
    const RedisCluster cluster(certificates().store);
    TestStore s(tls_seeds(cluster, "127.0.0.1"), options_with(""));
    check_all(s, cluster);
}

TEST_CASE("redis cluster tls: they are for one name, which is configured") {
    const RedisCluster cluster(certificates().store_elsewhere);
    TestStore s(tls_seeds(cluster, "127.0.0.1"), options_with("elsewhere"));
    check_all(s, cluster);
}

TEST_CASE("redis cluster tls: they are for the name that is announced") {
    std::string type;
    SUBCASE("as an endpoint") {
        type = "hostname";
    }
    SUBCASE("beside an address") {
        type = "ip";
    }
    const RedisCluster cluster(certificates().store_elsewhere,
                               {"--cluster-announce-hostname", "elsewhere",
                                "--cluster-preferred-endpoint-type", type});
    LoopbackResolver resolver;
    auto options = options_with("");
    options.resolver = &resolver;
    TestStore s(tls_seeds(cluster, "elsewhere"), options);
    check_all(s, cluster);
}

TEST_CASE("redis cluster tls: they are for somebody else") {
    const RedisCluster cluster(certificates().store_elsewhere);
    TestStore s(tls_seeds(cluster, "127.0.0.1"), options_with(""));
    CHECK(s.fetch("key").status == Status::down);
    CHECK(s.logs("TLS handshake failed"));
    for (int i = 0; i < 5; ++i) {
        s.loop.skip(2s);
        s.loop.run_turns(50);
    }
    CHECK(s.logged("TLS handshake failed") == 1);
}
