// Several servers: where keys belong, and what happens to them when one of the
// servers fails.

#include "support/test_store.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <set>

using backends::Server;
using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr int total = 1000;

std::string key(int i) {
    return "ngx_ssl:" + std::to_string(i * 7919);
}

// Three servers, and which keys they have.
struct Three {
    MemcachedServer memcached[3];

    std::vector<Server> servers(unsigned weight = 1) const {
        return {store_server(memcached[0]), store_server(memcached[1]),
                store_server(memcached[2], weight)};
    }

    std::set<std::string> keys(int i) const {
        const auto list = memcached[i].client().keys();
        return {list.begin(), list.end()};
    }

    void flush() {
        for (const auto& server : memcached) {
            server.client().flush();
        }
    }
};

void fill(TestStore& s) {
    for (int i = 0; i < total; ++i) {
        CHECK(s.store().store(key(i), key(i), 300s) == Status::queued);
    }
    for (int i = 0; i < total; ++i) {
        CHECK(s.fetch(key(i)).value == key(i));
    }
}

std::size_t hits(TestStore& s, const std::set<std::string>& keys) {
    return static_cast<std::size_t>(
        std::count_if(keys.begin(), keys.end(), [&](const auto& key) {
            return s.fetch(key).value == key;
        }));
}

}  // namespace

TEST_CASE("memcached servers: each has its share of the keys") {
    Three three;
    TestStore s(three.servers());
    REQUIRE(s.connects(3));
    fill(s);
    std::size_t sum = 0;
    for (int i = 0; i < 3; ++i) {
        const auto share = three.keys(i).size();
        CHECK(share > total / 6);
        CHECK(share < total / 2);
        sum += share;
    }
    CHECK(sum == total);  // no key is stored twice
}

TEST_CASE("memcached servers: every node finds the keys, in any order") {
    Three three;
    auto servers = three.servers(3);
    TestStore first(servers);
    REQUIRE(first.connects(3));
    fill(first);

    std::sort(servers.begin(), servers.end(),
              [](const Server& a, const Server& b) { return a.name < b.name; });
    do {
        TestStore other(servers);
        REQUIRE(other.connects(3));
        for (int i = 0; i < total; i += 10) {
            CHECK(other.fetch(key(i)).value == key(i));
        }
    } while (std::next_permutation(
        servers.begin(), servers.end(),
        [](const Server& a, const Server& b) { return a.name < b.name; }));
}

TEST_CASE("memcached servers: a weight is a share") {
    Three three;
    TestStore s(three.servers(6));
    REQUIRE(s.connects(3));
    fill(s);
    CHECK(three.keys(2).size() > total * 6 / 10);
    CHECK(three.keys(2).size() < total * 9 / 10);
    CHECK(three.keys(0).size() > total / 20);
    CHECK(three.keys(1).size() > total / 20);
}

TEST_CASE("memcached servers: without one of three most keys stay in place") {
    Three three;
    TestStore all(three.servers());
    REQUIRE(all.connects(3));
    fill(all);

    auto servers = three.servers();
    servers.pop_back();
    TestStore two(servers);
    REQUIRE(two.connects(2));
    CHECK(hits(two, three.keys(0)) == three.keys(0).size());
    CHECK(hits(two, three.keys(1)) == three.keys(1).size());
}

TEST_CASE("memcached servers: of a dead one the keys are misses, at once") {
    Three three;
    TestStore s(three.servers());
    REQUIRE(s.connects(3));
    fill(s);
    const auto lost = three.keys(1);

    three.memcached[1].kill9();
    CHECK(s.logs("connection lost"));
    for (const auto& key : lost) {
        const auto fetch = s.begin_fetch(key);
        CHECK(fetch->done);
        CHECK(fetch->result.status == Status::down);
    }
    CHECK(hits(s, three.keys(0)) == three.keys(0).size());
    CHECK(hits(s, three.keys(2)) == three.keys(2).size());

    three.memcached[1].start();
    CHECK(s.connects(4));
    CHECK(hits(s, lost) == 0);
    fill(s);
    CHECK(three.keys(1) == lost);
}

TEST_CASE("memcached servers: a dead one from the start") {
    Three three;
    three.memcached[0].kill9();
    TestStore s(three.servers());
    CHECK(s.connects(2));
    CHECK(s.logs("unavailable"));
    int queued = 0;
    for (int i = 0; i < total; ++i) {
        queued += s.store().store(key(i), key(i), 300s) == Status::queued;
    }
    CHECK(queued > total / 2);
    CHECK(queued < total);
    three.memcached[0].start();
    CHECK(s.connects(3));
    fill(s);
}

TEST_CASE("memcached servers: a frozen one does not delay the others' keys") {
    Three three;
    TestStore s(three.servers());
    REQUIRE(s.connects(3));
    fill(s);
    const auto slow = three.keys(2);
    const auto others = {three.keys(0), three.keys(1)};

    three.memcached[2].freeze();
    std::vector<std::shared_ptr<TestStore::Fetch>> waiting;
    waiting.reserve(slow.size());
    for (const auto& key : slow) {
        waiting.push_back(s.begin_fetch(key));
    }
    for (const auto& keys : others) {
        CHECK(hits(s, keys) == keys.size());
    }
    for (const auto& fetch : waiting) {
        CHECK_FALSE(fetch->done);
    }

    s.loop.skip(patience);
    CHECK(s.logs("get timed out"));
    CHECK(s.loop.run_until([&] { return waiting.back()->done; }));
    CHECK(waiting.front()->result.status == Status::timeout);
    CHECK(s.logged("[error]") == 1);

    three.memcached[2].thaw();
    CHECK(s.connects(4));
    CHECK(hits(s, slow) == slow.size());
}

TEST_CASE("memcached servers: close() while one is frozen") {
    Three three;
    TestStore s(three.servers());
    REQUIRE(s.connects(3));
    three.memcached[0].freeze();
    std::vector<std::shared_ptr<TestStore::Fetch>> fetches;
    fetches.reserve(100);
    for (int i = 0; i < 100; ++i) {
        fetches.push_back(s.begin_fetch(key(i)));
    }
    s.loop.run_turns(5);
    s.store().close();
    CHECK(s.loop.run_until([&] { return s.scheduler.alive() == 0; }));
    CHECK(s.logged("[error]") == 0);
}
