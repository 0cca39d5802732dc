// The Redis store at work: values, keys, times to live, databases.

#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <random>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

std::string random_bytes(std::size_t n) {
    std::mt19937 random(static_cast<unsigned>(n));
    std::string bytes(n, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(random());
    }
    return bytes;
}

std::string all_byte_values() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    return bytes;
}

}  // namespace

TEST_CASE("redis: what was stored is fetched, as it was") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    for (const std::string& value :
         {"value"s, ""s, "\0"s, "a\0b"s, "\r\n$5\r\nx"s, all_byte_values(),
          random_bytes(64 * 1024), random_bytes(1024 * 1024)}) {
        CAPTURE(value.size());
        s.put("key", value);
        const auto fetched = s.fetch("key");
        CHECK(fetched.status == Status::hit);
        CHECK(fetched.value == value);
        CHECK(redis.client().get("key") == value);
    }
}

TEST_CASE("redis: keys are bytes, too") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    for (const std::string& key :
         {"ngx_ssl:00ff"s, "a b"s, "a\r\nFLUSHALL\r\n"s, "\0"s, "a"s, "a\0"s,
          all_byte_values()}) {
        s.put(key, "value of " + key);
    }
    for (const std::string& key :
         {"ngx_ssl:00ff"s, "a b"s, "a\r\nFLUSHALL\r\n"s, "\0"s, "a"s, "a\0"s,
          all_byte_values()}) {
        CHECK(s.fetch(key).value == "value of " + key);
    }
    CHECK(redis.client().dbsize() == 7);
}

TEST_CASE("redis: what is not there is a miss") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    const auto fetched = s.fetch("nothing");
    CHECK(fetched.status == Status::miss);
    CHECK(fetched.value.empty());
}

TEST_CASE("redis: a store replaces, an erase removes") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    s.put("key", "old");
    s.put("key", "new");
    CHECK(s.fetch("key").value == "new");

    CHECK(s.store().erase("key") == Status::queued);
    CHECK(s.store().erase("never there") == Status::queued);
    CHECK(s.fetch("key").status == Status::miss);
    CHECK_FALSE(redis.client().exists("key"));
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis: a value lives as long as was said") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    CHECK(s.store().store("long", "x", 86'400s * 40) == Status::queued);
    CHECK(s.store().store("short", "x", 1s) == Status::queued);
    CHECK(s.fetch("short").status == Status::hit);

    const auto ttl = redis.client().ttl("long");
    CHECK(ttl <= 86'400 * 40);
    CHECK(ttl > 86'400 * 40 - 60);

    CHECK(eventually([&] { return s.fetch("short").status == Status::miss; }));
    CHECK(s.fetch("long").status == Status::hit);
}

TEST_CASE("redis: a store over TCP does as one over a Unix socket") {
    RedisServer redis;
    TestStore s(store_options(store_address(redis.address())));
    REQUIRE(s.connects());
    CHECK(s.plain_log() ==
          "[notice] redis " + redis.address().text() + ": connected\n");

    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis: db selects a database") {
    RedisServer redis;
    auto options = store_options(redis);
    options.db = 3;
    TestStore s(options);
    REQUIRE(s.connects());

    s.put("key", "value");
    auto client = redis.client();
    CHECK_FALSE(client.exists("key"));
    client.select(3);
    CHECK(client.get("key") == "value");
}

TEST_CASE("redis: a database that is not there leaves the store down") {
    RedisServer redis;
    auto options = store_options(redis);
    options.db = 99;
    TestStore s(options);

    CHECK(s.logs("unavailable: SELECT failed: ERR DB index is out of range"));
    CHECK(s.at_once(Status::down));
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("redis: nothing is stored before the connection is up") {
    RedisServer redis;
    TestStore s(store_options(redis));

    CHECK(s.store().store("key", "x", 1s) == Status::down);
    CHECK(s.store().erase("key") == Status::down);
    REQUIRE(s.connects());
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis: a fetch outside a coroutine is unavailable, and no more") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    s.put("key", "value");
    const auto before = redis.client().info("commandstats", "cmdstat_get");

    CHECK(s.store().fetch("key").status == Status::busy);
    CHECK(s.fetch("key").status == Status::hit);
    CHECK(before.starts_with("calls=1,"));
    CHECK(redis.client()
              .info("commandstats", "cmdstat_get")
              .starts_with("calls=2,"));
}

TEST_CASE("redis: store and erase may be called in a coroutine, too") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    std::string seen;

    s.start([&] {
        CHECK(s.store().store("key", "value", 60s) == Status::queued);
        seen = s.store().fetch("key").value;
        CHECK(s.store().erase("key") == Status::queued);
        CHECK(s.store().fetch("key").status == Status::miss);
        seen += "!";
    });
    CHECK(s.loop.run_until([&] { return seen.ends_with("!"); }));
    CHECK(seen == "value!");
}
