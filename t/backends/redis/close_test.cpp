// close(): whoever waits is released, what is queued is still sent, and the
// store's coroutine ends.

#include "support/fake_redis.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// With these options only close() ends the store's coroutine in time.
backends::Options patient(backends::Options options) {
    options.interval = 1h;
    options.timeout = 1h;
    return options;
}

bool ends(TestStore& s) {
    return s.loop.run_until([&] { return s.scheduler.alive() == 0; });
}

}  // namespace

TEST_CASE("redis close: of an idle store") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    s.store().close();
    CHECK(ends(s));
    CHECK(s.plain_log() ==
          "[notice] redis unix:" + redis.unix_path() + ": connected\n");
}

TEST_CASE("redis close: while fetches wait") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    redis.freeze();
    const auto sent = s.begin_fetches(250, "key");
    s.loop.run_turns(5);
    const auto queued = s.begin_fetches(250, "other");

    s.store().close();
    CHECK_FALSE(sent.front()->done);  // woken, but not run yet
    CHECK(ends(s));
    for (const auto& fetches : {sent, queued}) {
        for (const auto& fetch : fetches) {
            CHECK(fetch->done);
            CHECK(fetch->result.status == Status::down);
        }
    }
    CHECK(s.logged("[error]") == 0);
    redis.thaw();
}

TEST_CASE("redis close: what is queued still leaves") {
    FakeRedis fake;
    auto& s = *fake.store;
    const auto before = fake.peer.received().size();
    for (int i = 0; i < 100; ++i) {
        CHECK(s.store().store("key", "x", 60s) == Status::queued);
    }
    s.store().close();
    CHECK(ends(s));
    CHECK(fake.peer.closed());
    CHECK(fake.peer.received().size() - before ==
          100 * std::string("*4\r\n$5\r\nSETEX\r\n$3\r\nkey\r\n"
                            "$2\r\n60\r\n$1\r\nx\r\n")
                    .size());
}

TEST_CASE("redis close: what leaves last still acts") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    for (int i = 0; i < 100; ++i) {
        s.put("key" + std::to_string(i), "x");
    }
    CHECK(redis.client().dbsize() == 100);

    for (int i = 0; i < 100; ++i) {
        CHECK(s.store().erase("key" + std::to_string(i)) == Status::queued);
    }
    s.store().close();
    CHECK(ends(s));
    CHECK(eventually([&] { return redis.client().dbsize() == 0; }));
}

TEST_CASE("redis close: after it nothing is to be had, and twice is once") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    s.store().close();
    CHECK(s.at_once(Status::down));
    CHECK(s.store().store("key", "x", 60s) == Status::down);
    CHECK(s.store().erase("key") == Status::down);
    s.store().close();
    CHECK(ends(s));
    s.store().close();
    CHECK(s.at_once(Status::down));
    CHECK_FALSE(redis.client().exists("key"));
}

TEST_CASE("redis close: between two attempts to connect") {
    const TempDir dir;
    TestStore s(patient(store_options(store_address(dir.path() / "none"))));
    CHECK(s.logs("unavailable"));
    s.store().close();
    CHECK(ends(s));
}

TEST_CASE("redis close: within the greeting") {
    Peer peer;
    TestStore s(patient(store_options(store_address(peer))));
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    s.store().close();
    CHECK(ends(s));
    CHECK(peer.closed());
    CHECK(s.log().empty());
}

TEST_CASE("redis close: while it connects") {
    Unreachable peer;
    TestStore s(patient(store_options(store_address(peer))));
    s.loop.run_once();
    s.store().close();
    CHECK(ends(s));
    CHECK(s.log().empty());
}

TEST_CASE("redis close: while the server takes no more bytes") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    redis.freeze();
    for (int i = 0; i < 200; ++i) {
        s.store().store("key", std::string(64 * 1024, 'x'), 60s);
    }
    s.loop.run_turns(5);
    s.store().close();
    CHECK(ends(s));
    redis.thaw();
}
