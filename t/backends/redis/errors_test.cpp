// Error replies: each fails its own operation and harms no other. They are
// logged when they change, not at each request.

#include "backends/trouble.hpp"
#include "support/socket.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// Stores ten values, all of which the server refuses.
void store_ten(TestStore& s) {
    for (int i = 0; i < 10; ++i) {
        CHECK(s.store().store("new", "value", 60s) == Status::queued);
    }
    s.fetch("new");
}

}  // namespace

TEST_CASE("redis errors: WRONGTYPE refuses that key and no other") {
    RedisServer redis;
    redis.client().command({"LPUSH", "list", "element"});
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    s.put("key", "value");

    for (int i = 0; i < 100; ++i) {
        CHECK(s.fetch("list").status == Status::failed);
        CHECK(s.fetch("key").value == "value");
    }
    CHECK(s.logged("[error]") == 1);
    CHECK(s.logged("GET failed: WRONGTYPE Operation against a key") == 1);
    CHECK(s.logged("connected") == 1);
}

TEST_CASE("redis errors: pipelined lookups between errors get their values") {
    RedisServer redis;
    redis.client().command({"LPUSH", "list", "element"});
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    s.put("key", "value");

    TestStore::Fetches fetches(500);
    for (int i = 0; i < 500; ++i) {
        fetches[i] = s.begin_fetch(i % 3 == 0 ? "list" : "key");
    }
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (int i = 0; i < 500; ++i) {
        CHECK(fetches[i]->result.status ==
              (i % 3 == 0 ? Status::failed : Status::hit));
        CHECK(fetches[i]->result.value == (i % 3 == 0 ? "" : "value"));
    }
}

TEST_CASE("redis errors: the end of an error is logged, and its return") {
    RedisServer redis;
    redis.client().command({"LPUSH", "list", "element"});
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    CHECK(s.fetch("list").status == Status::failed);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("works again") == 0);

    s.loop.skip(backends::Trouble::quiet);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("[error] redis unix:" + redis.unix_path() +
                   ": GET works again") == 1);

    CHECK(s.fetch("list").status == Status::failed);
    CHECK(s.fetch("list").status == Status::failed);
    CHECK(s.logged("GET failed: WRONGTYPE") == 2);
}

TEST_CASE("redis errors: with no memory left stores fail and fetches go on") {
    RedisServer redis;
    redis.client().set("key", "value");
    redis.client().config_set("maxmemory-policy", "noeviction");
    redis.client().config_set("maxmemory", "1");
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    store_ten(s);
    CHECK(s.logged("SETEX failed: OOM command not allowed") == 1);
    CHECK(s.logged("[error]") == 1);
    CHECK(s.fetch("key").value == "value");
    CHECK(s.fetch("new").status == Status::miss);

    redis.client().config_set("maxmemory", "0");
    s.loop.skip(backends::Trouble::quiet);
    s.put("new", "value");
    CHECK(s.fetch("new").value == "value");
    CHECK(s.logged("SETEX works again") == 1);
}

TEST_CASE("redis errors: a replica answers fetches and refuses stores") {
    RedisServer master({"--repl-diskless-sync-delay", "0"});
    RedisServer replica({"--replicaof", master.address().host,
                         std::to_string(master.address().port)});
    master.client().set("key", "value");
    REQUIRE(eventually([&] { return replica.client().exists("key"); }));

    TestStore s(store_options(replica));
    REQUIRE(s.connects());
    store_ten(s);
    CHECK(s.store().erase("key") == Status::queued);
    CHECK(s.fetch("key").value == "value");
    CHECK(s.logged("SETEX failed: READONLY You can") == 1);
    CHECK(s.logged("DEL failed: READONLY You can") == 1);
    CHECK(s.logged("[error]") == 2);
}

TEST_CASE("redis errors: a replica that lost its master refuses, then works") {
    const ReservedPort nobody;
    RedisServer replica;
    replica.client().config_set("replica-serve-stale-data", "no");
    replica.client().command(
        {"REPLICAOF", "127.0.0.1", std::to_string(nobody.number())});
    TestStore s(store_options(replica));
    REQUIRE(s.logs("PING failed: MASTERDOWN"));

    for (int i = 0; i < 10; ++i) {
        CHECK(s.fetch("key").status == Status::failed);
    }
    CHECK(s.logged("GET failed: MASTERDOWN") == 1);

    replica.client().command({"REPLICAOF", "NO", "ONE"});
    CHECK(s.fetch("key").status == Status::miss);
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis errors: what a user may not do is refused alone") {
    RedisServer redis;
    redis.client().command({"ACL", "SETUSER", "reader", "on", ">secret",
                            "~open:*", "+get", "+ping", "+setex"});
    redis.client().set("open:key", "value");
    auto options = store_options(redis);
    options.user = "reader";
    options.password = "secret";
    TestStore s(options);
    REQUIRE(s.connects());

    for (int i = 0; i < 10; ++i) {
        CHECK(s.fetch("closed").status == Status::failed);
        CHECK(s.store().erase("open:key") == Status::queued);
        CHECK(s.fetch("open:key").value == "value");
    }
    CHECK(s.logged("GET failed: NOPERM") == 1);
    CHECK(s.logged("DEL failed: NOPERM") == 1);
    s.put("open:new", "value");
    CHECK(s.logged("[error]") == 2);
}

TEST_CASE("redis errors: while the server loads its data fetches are refused") {
    RedisServer redis({"--enable-debug-command", "yes", "--rdbcompression",
                       "no", "--loading-process-events-interval-bytes",
                       "1024"});
    auto client = redis.client();
    const std::string value(2000, 'x');
    for (int i = 0; i < 500; ++i) {
        client.set("key" + std::to_string(i), value);
    }
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    CHECK(s.fetch("key1").value == value);

    // each key takes 20 ms, until this is changed
    client.config_set("key-load-delay", "20000");
    Socket(redis.address()).write("DEBUG RELOAD\r\n");
    REQUIRE(
        eventually([&] { return s.fetch("key1").status == Status::failed; }));
    CHECK(s.fetch("key1").status == Status::failed);
    CHECK(s.logged("GET failed: LOADING ") == 1);
    CHECK(s.logged("is loading the dataset in memory") == 1);

    client.config_set("key-load-delay", "0");
    CHECK(eventually([&] { return s.fetch("key1").status == Status::hit; }));
    CHECK(s.logged("GET failed") == 1);
    CHECK(s.logged("connected") == 1);
}
