// Very many workers lose a master at the same time.

#include "support/fake_cluster.hpp"
#include "support/sentinel_server.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <numeric>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t workers = 500;

// How many connections each of the Sentinels has received.
std::vector<int> asked(Watched& watched) {
    std::vector<int> all;
    for (std::size_t i = 0; i < watched.count(); ++i) {
        all.push_back(std::stoi(watched.sentinel(i).client().info(
            "stats", "total_connections_received")));
    }
    return all;
}

// Each worker has four connections, to three masters and a seed, with two ends.
bool has_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max > workers * 8 + 200;
}

}  // namespace

TEST_CASE("redis cluster: 500 workers that lose a master ask in turn") {
    if (!has_descriptors()) {
        MESSAGE("left out: too few descriptors");
        return;
    }
    FakeCluster cluster(3);
    Coroutines coroutines;
    std::vector<backends::Server> seeds;
    for (std::size_t i = 0; i < 3; ++i) {
        seeds.push_back(store_server(store_address(cluster.address(i))));
    }
    std::vector<std::unique_ptr<backends::Store>> stores;
    const auto log = [](backends::Level, std::string_view) {};
    while (stores.size() < workers) {
        stores.push_back(backends::make_redis_cluster(
            coroutines.scheduler, seeds, store_options(), log, nullptr));
    }

    // Each worker connects to a random seed and to every node, and no more.
    const auto all = static_cast<int>(workers);
    REQUIRE(coroutines.loop.run_until([&] {
        int connected = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            connected += cluster.connected(i);
        }
        return connected == all * 4;
    }));
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(cluster.connected(i) > all + all / 5);
    }

    const auto begin = Clock::now();
    cluster.kill(0);
    coroutines.loop.run_until([&] { return Clock::now() - begin > 2500ms; });
    for (const std::size_t i : {1U, 2U}) {
        for (const auto from : {0ms, 500ms, 1000ms, 1500ms}) {
            CAPTURE(i);
            CAPTURE(from.count());
            CHECK(cluster.asked(i, begin + from) < all * 3 / 5);
        }
    }
    // But every worker asks in the end.
    CHECK(coroutines.loop.run_until([&] {
        int asked = 0;
        for (auto from = 0s; from < 30s; ++from) {
            asked += cluster.asked(1, begin + from);
            asked += cluster.asked(2, begin + from);
        }
        return asked >= all;
    }));

    for (const auto& store : stores) {
        store->close();
    }
    coroutines.loop.skip(std::chrono::hours(24));
    CHECK(coroutines.finish());
}

TEST_CASE("redis sentinel: 300 workers that lose their master ask in turn") {
    if (!has_descriptors()) {
        MESSAGE("left out: too few descriptors");
        return;
    }
    constexpr int all = 300;
    Watched watched;
    Coroutines coroutines;
    std::vector<std::unique_ptr<backends::Store>> stores;
    int connected = 0;
    const auto log = [&](backends::Level, std::string_view line) {
        connected += line.find(": connected") != line.npos ? 1 : 0;
    };
    backends::Watch watch{.master = Watched::name};
    for (std::size_t i = 0; i < watched.count(); ++i) {
        watch.sentinels.push_back(
            store_server(store_address(watched.sentinel(i).address())));
    }
    while (stores.size() < all) {
        stores.push_back(backends::make_sentinel(coroutines.scheduler,
                                                 store_options(), watch, log));
    }
    REQUIRE(coroutines.loop.run_until([&] { return connected == all; }));

    const auto before = asked(watched);
    watched.a().kill9();
    const auto begin = Clock::now();
    coroutines.loop.run_until([&] { return Clock::now() - begin > 1s; });
    const auto after = asked(watched);
    int sum = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
        CHECK(after[i] - before[i] < all * 2 / 3);
        sum += after[i] - before[i];
    }
    CHECK(sum < all * 5 / 4);
    CHECK(coroutines.loop.run_until([&] { return connected == 2 * all; }));

    for (const auto& store : stores) {
        store->close();
    }
    coroutines.loop.skip(std::chrono::hours(24));
    CHECK(coroutines.finish());
}
