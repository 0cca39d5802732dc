// A store that no longer answers: whoever waits is released in time, and the
// connection is given up and made anew.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr coro::Time timeout{60'000};

backends::Options frozen_options(const RedisServer& redis) {
    auto options = store_options(redis);
    options.timeout = timeout;
    return options;
}

}  // namespace

TEST_CASE("redis timeout: all who wait are released, later ones too") {
    RedisServer redis;
    TestStore s(frozen_options(redis));
    REQUIRE(s.connects());
    redis.freeze();

    const auto fetches = s.begin_fetches(1000, "key");
    s.loop.skip(timeout / 2);
    s.loop.run_turns(5);
    const auto late = s.begin_fetch("late");
    s.loop.skip(timeout / 2 - 1s);
    s.loop.run_turns(5);
    CHECK_FALSE(fetches.front()->done);

    s.loop.skip(1s);
    CHECK(s.loop.run_until([&] { return late->done; }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->done);
        CHECK(fetch->result.status == Status::timeout);
    }
    CHECK(late->done);  // although half of its time was left
    CHECK(late->result.status == Status::timeout);
    CHECK(s.logged("connection lost: GET timed out") == 1);
    redis.thaw();
}

TEST_CASE("redis timeout: it holds though the next PING is far away") {
    RedisServer redis;
    auto options = frozen_options(redis);
    options.interval = 10 * timeout;
    TestStore s(options);
    REQUIRE(s.connects());
    s.loop.run_turns(5);
    redis.freeze();
    const auto fetch = s.begin_fetch("key");
    s.loop.run_turns(5);
    s.loop.skip(timeout);
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    redis.thaw();
}

TEST_CASE("redis timeout: then nobody waits, until it answers again") {
    RedisServer redis;
    TestStore s(frozen_options(redis));
    REQUIRE(s.connects());
    s.put("key", "value");
    redis.freeze();
    const auto waiting = s.begin_fetch("key");
    s.loop.skip(timeout);
    CHECK(s.loop.run_until([&] { return waiting->done; }));

    // attempts to connect go on, since the kernel accepts the connections
    for (int i = 0; i < 20; ++i) {
        CHECK(s.at_once(Status::down));
        s.loop.skip(timeout);
        s.loop.run_turns(5);
    }
    CHECK(s.logged("[error]") == 2);
    CHECK(s.logged("unavailable: HELLO timed out") == 1);

    redis.thaw();
    CHECK(s.connects(2));
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis timeout: a store and an erase time out, too") {
    for (const bool erase : {false, true}) {
        RedisServer redis;
        TestStore s(frozen_options(redis));
        REQUIRE(s.connects());
        redis.freeze();
        if (erase) {
            CHECK(s.store().erase("key") == Status::queued);
        } else {
            CHECK(s.store().store("key", "value", 60s) == Status::queued);
        }
        s.loop.run_turns(5);
        s.loop.skip(timeout);
        CHECK(s.logs(erase ? "connection lost: DEL timed out"
                           : "connection lost: SETEX timed out"));
        redis.thaw();
    }
}

TEST_CASE("redis timeout: an idle connection that died is found by PING") {
    RedisServer redis;
    TestStore s(frozen_options(redis));
    REQUIRE(s.connects());
    redis.freeze();

    s.loop.skip(1s);  // more than the interval
    s.loop.run_turns(5);
    CHECK(s.logged("[error]") == 0);
    s.loop.skip(timeout);
    CHECK(s.logs("connection lost: PING timed out"));
    CHECK(s.at_once(Status::down));
    redis.thaw();
    CHECK(s.connects(2));
}

TEST_CASE("redis timeout: an answer in time resets nothing for the others") {
    RedisServer redis;
    TestStore s(frozen_options(redis));
    REQUIRE(s.connects());
    s.put("key", "value");

    for (int i = 0; i < 10; ++i) {
        s.loop.skip(timeout - 1s);
        CHECK(s.fetch("key").value == "value");
    }
    CHECK(s.logged("[error]") == 0);

    redis.freeze();
    const auto fetch = s.begin_fetch("key");
    s.loop.run_turns(5);
    s.loop.skip(timeout - 1s);
    s.loop.run_turns(5);
    CHECK_FALSE(fetch->done);
    redis.thaw();
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == "value");
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis timeout: a server frozen from the start") {
    RedisServer redis;
    redis.freeze();
    TestStore s(frozen_options(redis));
    s.loop.run_turns(5);
    s.loop.skip(timeout);
    CHECK(s.logs("unavailable: HELLO timed out"));
    CHECK(s.at_once(Status::down));
    redis.thaw();
    CHECK(s.connects());
}

TEST_CASE("redis timeout: a frozen server that takes no more bytes") {
    RedisServer redis;
    auto options = frozen_options(redis);
    options.count = backends::Options::unlimited;
    TestStore s(options);
    REQUIRE(s.connects());
    redis.freeze();

    for (int i = 0; i < 200; ++i) {
        s.store().store("key", std::string(64 * 1024, 'x'), 60s);
        s.loop.run_turns(3);
    }
    const auto fetch = s.begin_fetch("key");
    s.loop.run_turns(5);
    CHECK_FALSE(fetch->done);

    s.loop.skip(timeout);
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    redis.thaw();
    CHECK(s.connects(2));
    s.put("other", "value");
    CHECK(s.fetch("other").value == "value");
}
