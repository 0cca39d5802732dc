// A server that goes away and comes back, and stores with several addresses.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

backends::Options at_addresses(std::vector<backends::Address> addresses) {
    auto options = store_options(addresses.front());
    options.addresses = std::move(addresses);
    return options;
}

}  // namespace

TEST_CASE("redis reconnect: after a kill -9, on the same socket") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    for (std::size_t time = 1; time <= 3; ++time) {
        s.put("key", "value");
        CHECK(s.fetch("key").value == "value");

        redis.kill9();
        CHECK(s.logs("connection lost: closed by the store", time));
        CHECK(s.at_once(Status::down));

        redis.start();
        CHECK(s.connects(time + 1));
        CHECK(s.fetch("key").status == Status::miss);  // a new, empty server
    }
}

TEST_CASE("redis reconnect: a kill -9 releases whoever waits") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    redis.freeze();
    const auto fetches = s.begin_fetches(100, "key");
    s.loop.run_turns(5);
    CHECK_FALSE(fetches.front()->done);

    redis.kill9();
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->done);
        CHECK(fetch->result.status == Status::down);
    }
    redis.start();
    CHECK(s.connects(2));
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis reconnect: a server that is down from the start") {
    RedisServer redis;
    redis.kill9();
    TestStore s(store_options(redis));

    CHECK(s.logs("[error]"));
    for (int i = 0; i < 20; ++i) {
        s.loop.skip(1s);
        s.loop.run_turns(2);
        CHECK(s.at_once(Status::down));
    }
    CHECK(s.log() == "[error] redis unix:" + redis.unix_path() +
                         ": unavailable: connect() failed: "
                         "Connection refused\n");

    redis.start();
    CHECK(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis reconnect: attempts are half an interval to one apart") {
    Peer peer;
    auto options = store_options(store_address(peer));
    options.interval = 60s;
    TestStore s(options);

    // each connection is closed at once
    for (int attempt = 0; attempt < 12; ++attempt) {
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        peer.hang_up();
        s.loop.run_turns(5);
        s.loop.skip(29s);
        s.loop.run_turns(2);
        CHECK_FALSE(peer.accept());
        s.loop.skip(31s);
    }
}

TEST_CASE("redis reconnect: a lost connection is made anew after a pause") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    s.put("key", "value");

    redis.client().command(
        {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    CHECK(s.logs("connection lost: closed by the store"));
    CHECK(s.connects(2));
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis reconnect: of two addresses the first one is dead") {
    RedisServer redis;
    const ReservedPort dead;
    TestStore s(at_addresses(
        {store_address(dead.address()), store_address(redis.unix_path())}));

    CHECK(s.connects());
    CHECK(s.plain_log() == "[error] redis " + dead.address().text() +
                               ": unavailable: connect() failed: "
                               "Connection refused\n"
                               "[error] redis unix:" +
                               redis.unix_path() + ": connected\n");
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis reconnect: all addresses are tried before a pause") {
    RedisServer redis;
    const TempDir dir;
    auto options = at_addresses(
        {store_address(dir.path() / "a"), store_address(dir.path() / "b"),
         store_address(dir.path() / "c"), store_address(redis.unix_path())});
    options.interval = 1h;
    TestStore s(options);
    CHECK(s.connects());
    CHECK(s.logged("unavailable") == 1);  // one reason, one line
}

TEST_CASE("redis reconnect: when one address dies the other takes over") {
    RedisServer first;
    RedisServer second;
    TestStore s(at_addresses(
        {store_address(first.unix_path()), store_address(second.unix_path())}));
    CHECK(s.logs("unix:" + first.unix_path() + ": connected"));
    second.client().set("key", "second");
    CHECK(s.fetch("key").status == Status::miss);

    first.kill9();
    CHECK(s.logs("unix:" + second.unix_path() + ": connected"));
    CHECK(s.fetch("key").value == "second");

    second.kill9();
    first.start();
    CHECK(s.logs("unix:" + first.unix_path() + ": connected", 2));
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis reconnect: an address that was good is tried again first") {
    RedisServer first;
    RedisServer second;
    TestStore s(at_addresses(
        {store_address(first.unix_path()), store_address(second.unix_path())}));
    REQUIRE(s.connects());
    for (std::size_t time = 2; time <= 4; ++time) {
        first.client().command(
            {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
        CHECK(s.connects(time));
    }
    CHECK(s.logged("unix:" + first.unix_path() + ": connected") == 4);
}

TEST_CASE("redis reconnect: while all addresses are dead it says so once") {
    const ReservedPort a;
    const ReservedPort b;
    TestStore s(
        at_addresses({store_address(a.address()), store_address(b.address())}));
    CHECK(s.logs("[error]"));
    for (int i = 0; i < 20; ++i) {
        s.loop.skip(1s);
        s.loop.run_turns(5);
    }
    CHECK(count_lines(s.log(), "") == 1);
}
