// close(): whoever waits is released, what is queued still leaves, and the
// store's coroutine ends.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// In this state nothing but close() ends the store's coroutine in time.
backends::Options patient(backends::Options options) {
    options.interval = 1h;
    options.timeout = 1h;
    return options;
}

bool ends(TestStore& s) {
    s.loop.run_turns(5);
    return s.scheduler.alive() == 0;
}

}  // namespace

TEST_CASE("redis close: of an idle store") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    s.store().close();
    CHECK(ends(s));
    CHECK(s.log() ==
          "[notice] redis unix:" + redis.unix_path() + ": connected\n");
}

TEST_CASE("redis close: while fetches wait") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    redis.freeze();
    std::vector<std::shared_ptr<TestStore::Fetch>> fetches;
    for (int i = 0; i < 500; ++i) {
        fetches.push_back(s.begin_fetch("key"));
        if (i == 250) {
            s.loop.run_turns(5);  // these are sent, the others are not
        }
    }

    s.store().close();
    CHECK_FALSE(fetches.front()->done);  // woken, not run
    CHECK(ends(s));
    for (const auto& fetch : fetches) {
        CHECK(fetch->done);
        CHECK(fetch->result.status == Status::unavailable);
    }
    CHECK(s.logged("[error]") == 0);
    redis.thaw();
}

TEST_CASE("redis close: what is queued still reaches the server") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    for (int i = 0; i < 100; ++i) {
        CHECK(s.store().store("key" + std::to_string(i), "x", 60s) ==
              Status::queued);
    }
    s.store().close();
    CHECK(ends(s));
    eventually([&] { return redis.client().dbsize() == 100; });
    CHECK(redis.client().dbsize() == 100);
}

TEST_CASE("redis close: after it nothing is to be had, and twice is once") {
    RedisServer redis;
    TestStore s(patient(store_options(redis)));
    REQUIRE(s.connects());
    s.store().close();
    CHECK(s.at_once(Status::unavailable));
    CHECK(s.store().store("key", "x", 60s) == Status::unavailable);
    CHECK(s.store().erase("key") == Status::unavailable);
    s.store().close();
    CHECK(ends(s));
    s.store().close();
    CHECK(s.at_once(Status::unavailable));
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
    Peer peer(AF_INET, 0);
    UniqueFd queued[3];
    for (auto& fd : queued) {
        fd = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        connect(fd.get(), peer.address(), peer.length());
    }
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
