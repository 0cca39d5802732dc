// The queue's length: what does not fit is refused at once and harms nobody.

#include "backends/trouble.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t count = 10;

backends::Options short_queue(const RedisServer& redis) {
    auto options = store_options(redis);
    options.count = count;
    options.interval = 1h;  // a PING would be in the queue, too
    return options;
}

}  // namespace

TEST_CASE("redis queue: when it is full everything is refused, at once") {
    RedisServer redis;
    TestStore s(short_queue(redis));
    REQUIRE(s.connects());
    s.put("key", "value");
    for (std::size_t i = 0; i < count; ++i) {
        s.put("key" + std::to_string(i), "value");
    }
    redis.freeze();

    const auto fetches = s.begin_fetches(count, "key");
    for (int i = 0; i < 100; ++i) {
        CHECK(s.at_once(Status::busy));
        CHECK(s.store().store("other", "x", 60s) == Status::busy);
        CHECK(s.store().erase("key") == Status::busy);
        s.loop.run_once();
    }

    redis.thaw();
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->result.status == Status::hit);
        CHECK(fetch->result.value == "value");
    }
    CHECK(s.fetch("other").status == Status::miss);
    CHECK(s.fetch("key").status == Status::hit);
    CHECK(s.logged("queueing failed: queue is full: 10") == 1);
    CHECK(s.logged("[error]") == 1);
}

TEST_CASE("redis queue: that it is full no more is logged after a while") {
    RedisServer redis;
    auto options = short_queue(redis);
    options.timeout = 1h;
    TestStore s(options);
    REQUIRE(s.connects());
    redis.freeze();
    s.begin_fetches(count, "key");
    CHECK(s.at_once(Status::busy));
    redis.thaw();
    CHECK(s.loop.run_until([&] { return s.scheduler.alive() == 1; }));

    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("works again") == 0);
    s.loop.skip(backends::Trouble::quiet);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("[error] redis unix:" + redis.unix_path() +
                   ": queueing works again") == 1);
}

TEST_CASE("redis queue: stores and erases fill it as fetches do") {
    RedisServer redis;
    TestStore s(short_queue(redis));
    REQUIRE(s.connects());

    for (std::size_t i = 0; i < count; ++i) {
        CHECK((i % 2 ? s.store().store("key", "x", 60s)
                     : s.store().erase("key")) == Status::queued);
    }
    CHECK(s.at_once(Status::busy));
    CHECK(s.store().store("key", "y", 60s) == Status::busy);

    // once answered, they leave the queue
    CHECK(eventually([&] {
        s.loop.run_once();
        return s.fetch("key").status == Status::hit;
    }));
    CHECK(s.fetch("key").value == "x");
}

TEST_CASE("redis queue: of one place, used again and again") {
    RedisServer redis;
    auto options = short_queue(redis);
    options.count = 1;
    TestStore s(options);
    REQUIRE(s.connects());

    for (int i = 0; i < 50; ++i) {
        const auto fetch = s.begin_fetch("another");
        CHECK(s.at_once(Status::busy));
        CHECK(s.loop.run_until([&] { return fetch->done; }));
        CHECK(fetch->result.status == Status::miss);
    }
}

TEST_CASE("redis queue: a lost connection empties it") {
    RedisServer redis;
    TestStore s(short_queue(redis));
    REQUIRE(s.connects());
    redis.freeze();
    s.begin_fetches(count, "key");
    CHECK(s.at_once(Status::busy));

    redis.kill9();
    CHECK(s.logs("connection lost"));
    CHECK(s.at_once(Status::down));
    redis.start();
    s.loop.skip(1h);
    CHECK(s.connects(2));
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis queue: without a limit it takes all") {
    RedisServer redis;
    auto options = short_queue(redis);
    options.count = backends::Options::unlimited;
    TestStore s(options);
    REQUIRE(s.connects());
    redis.freeze();
    for (int i = 0; i < 20'000; ++i) {
        CHECK(s.store().store("key", std::to_string(i), 60s) == Status::queued);
    }
    redis.thaw();
    CHECK(s.fetch("key").value == "19999");
}
