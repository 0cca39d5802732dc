// Many commands on one connection: each gets its own answer, and those of one
// turn are sent together.

#include "support/fake_redis.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <random>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// The segments with data that our connection to `port` has sent. On the
// loopback interface, and far below its MTU, each write is one.
unsigned segments_sent(std::uint16_t port) {
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        tcp_info info{};
        socklen_t size = sizeof info;
        if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0 &&
            peer.sin_family == AF_INET && ntohs(peer.sin_port) == port &&
            getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
            return info.tcpi_data_segs_out;
        }
    }
    FAIL("no connection to the store");
    return 0;
}

std::string key(int i) {
    return "key" + std::to_string(i);
}

std::string value(int i) {
    return "value" + std::to_string(i) + std::string(i % 300, 'x');
}

}  // namespace

TEST_CASE("redis pipeline: thousands of fetches each get their own answer") {
    constexpr int n = 4000;
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    for (int i = 0; i < n; i += 2) {
        s.store().store(key(i), value(i), 300s);
    }
    s.fetch(key(0));

    std::vector<int> order(n);
    for (int i = 0; i < n; ++i) {
        order[i] = i;
    }
    std::mt19937 random(3);

    for (int round = 0; round < 3; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        int right = 0;
        for (const int i : order) {
            CHECK(s.start([&, i] {
                const auto fetched = s.store().fetch(key(i));
                right += i % 2 == 0 ? fetched.status == Status::hit &&
                                          fetched.value == value(i)
                                    : fetched.status == Status::miss;
            }));
        }
        CHECK(s.loop.run_until([&] { return s.scheduler.alive() == 1; }));
        CHECK(right == n);
    }
}

TEST_CASE("redis pipeline: commands act in the order they were given") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    TestStore::Fetches fetches;

    for (int i = 0; i < 300; ++i) {
        s.store().store("key", value(i), 300s);
        fetches.push_back(s.begin_fetch("key"));
        s.store().erase("key");
        fetches.push_back(s.begin_fetch("key"));
    }
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (int i = 0; i < 300; ++i) {
        CHECK(fetches[2 * i]->result.value == value(i));
        CHECK(fetches[2 * i + 1]->result.status == Status::miss);
    }
}

TEST_CASE("redis pipeline: what is queued in one turn leaves together") {
    RedisServer redis;
    auto options = store_options(store_address(redis.address()));
    options.interval = 1h;  // no PING in between
    TestStore s(options);
    REQUIRE(s.connects());
    const auto before = segments_sent(redis.address().port);

    TestStore::Fetches fetches;
    for (int i = 0; i < 300; ++i) {
        s.store().store(key(i), "value", 300s);
        fetches.push_back(s.begin_fetch(key(i)));
    }
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    // the first two stores leave at once, then all the others; the kernel may
    // have resent some
    CHECK(segments_sent(redis.address().port) - before < 10);

    for (const auto& fetch : fetches) {
        CHECK(fetch->result.status == Status::hit);
    }
}

TEST_CASE("redis pipeline: what the answered ask next leaves together, too") {
    RedisServer redis;
    auto options = store_options(store_address(redis.address()));
    options.interval = 1h;
    TestStore s(options);
    REQUIRE(s.connects());
    const auto before = segments_sent(redis.address().port);

    int done = 0;
    for (int i = 0; i < 100; ++i) {
        s.start([&, i] {
            for (int round = 0; round < 10; ++round) {
                CHECK(s.store().fetch(key(i)).status == Status::miss);
            }
            ++done;
        });
    }
    CHECK(s.loop.run_until([&] { return done == 100; }));
    // one for each round, and a few more where answers came in parts
    CHECK(segments_sent(redis.address().port) - before < 100);
}

TEST_CASE("redis pipeline: alone, a fetch leaves within two turns") {
    FakeRedis fake;
    const auto before = fake.peer.received().size();

    const auto fetch = fake.store->begin_fetch("key");
    CHECK(fake.peer.received().size() == before);  // others may join it
    fake.store->loop.run_turns(2);
    CHECK(fake.peer.received().substr(before) ==
          "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
    fake.peer.send("$-1\r\n");
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
}

TEST_CASE("redis pipeline: a store leaves with the turn") {
    FakeRedis fake;
    const auto before = fake.peer.received().size();

    CHECK(fake.store->store().store("key", "value", 60s) == Status::queued);
    fake.store->loop.run_once();
    CHECK(fake.peer.received().substr(before) ==
          "*4\r\n$5\r\nSETEX\r\n$3\r\nkey\r\n"
          "$2\r\n60\r\n$5\r\nvalue\r\n");
}

TEST_CASE("redis pipeline: megabytes leave as the store takes them") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    redis.freeze();

    TestStore::Fetches fetches;
    for (int i = 0; i < 300; ++i) {
        const std::string large(64 * 1024, static_cast<char>('a' + i % 26));
        CHECK(s.store().store(key(i), key(i) + large, 300s) == Status::queued);
        fetches.push_back(s.begin_fetch(key(i)));
        s.loop.run_once();
    }
    redis.thaw();
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));

    int right = 0;
    for (int i = 0; i < 300; ++i) {
        const std::string large(64 * 1024, static_cast<char>('a' + i % 26));
        right += fetches[i]->result.value == key(i) + large;
    }
    CHECK(right == 300);
}
