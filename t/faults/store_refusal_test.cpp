// Real stores that refuse some of what they are asked.

#include "store_cell.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Sessions that are made now do not reach the store.
void check_not_stored(const Fleet& fleet) {
    for (auto options : {tls12(), tls13()}) {
        options.session = fleet.a.get(options).session();
        CHECK_FALSE(fleet.b.get(options).reused);
    }
}

// Makes `replica` a replica of `master`, with the same data.
void replicate(const RedisServer& master, const RedisServer& replica) {
    auto client = replica.client();
    client.command(
        {"REPLICAOF", "127.0.0.1", std::to_string(master.address().port)});
    REQUIRE(eventually([&] {
        return client.info("replication", "master_link_status") == "up";
    }));
}

// Leaves no room for values as long as that of `key`. Without eviction a
// memcached keeps what it has.
void fill(const MemcachedServer& memcached, const std::string& key) {
    const std::string value(memcached.get(key).value().size(), 'x');
    const auto size = std::to_string(value.size());
    std::string commands;
    for (int i = 0; i < 10'000; ++i) {
        auto name = size + ":" + std::to_string(i);
        name.resize(key.size(), 'x');  // as long as a session's
        commands.append("set ").append(name).append(" 0 0 ").append(size);
        commands.append(" noreply\r\n").append(value).append("\r\n");
    }
    auto client = memcached.client();
    client.write(commands);
    client.version();
    CHECK_THROWS(client.set(std::string(key.size(), 'y'), value));
}

// Changes the password from `first` to another one, and back.
void check_password(RedisServer& redis, const std::string& first,
                    const std::string& complaint) {
    auto admin = redis.client();
    Fleet fleet(redis, {}, quick + (first.empty() ? "" : " auth=" + first));
    StoreCell cell("Redis",
                   first.empty() ? "gets a password while running"
                                 : "another password while running",
                   fleet);
    admin.config_set("requirepass", "second");
    admin.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    CHECK(fleet.b.nginx().wait_log(complaint));
    cell.visit();
    cell.expect_full();
    admin.config_set("requirepass", first);
    cell.recovers();
}

}  // namespace

TEST_CASE("faults: a Redis that is a read-only replica") {
    const RedisServer master({"--repl-diskless-sync-delay", "0"});
    RedisServer redis;
    Fleet fleet(redis, {}, patient);
    StoreCell cell("Redis", "a read-only replica", fleet);
    for (const auto& key : cell.keys()) {
        master.set(key, redis.get(key).value());
    }
    replicate(master, redis);
    cell.visit();
    cell.expect_resumed();
    check_not_stored(fleet);
    CHECK(fleet.a.nginx().wait_log("READONLY"));
    redis.client().command({"REPLICAOF", "NO", "ONE"});
    cell.recovers("new sessions are not stored");
}

TEST_CASE("faults: a Redis without memory, and without eviction") {
    RedisServer redis;
    Fleet fleet(redis, {}, patient);
    StoreCell cell("Redis", "out of memory, noeviction", fleet);
    redis.client().config_set("maxmemory-policy", "noeviction");
    redis.client().config_set("maxmemory", "1");
    cell.visit();
    cell.expect_resumed();
    check_not_stored(fleet);
    CHECK(fleet.a.nginx().wait_log("OOM"));
    redis.client().config_set("maxmemory", "0");
    cell.recovers("new sessions are not stored");
}

TEST_CASE("faults: a memcached without memory, and without eviction") {
    MemcachedServer memcached({"-m", "2", "-M"});
    Fleet fleet(memcached, {}, patient);
    StoreCell cell("memcached", "out of memory, noeviction", fleet);
    for (const auto& key : cell.keys()) {
        fill(memcached, key);
    }
    cell.visit();
    cell.expect_resumed();
    check_not_stored(fleet);
    CHECK(fleet.a.nginx().wait_log("set failed"));
    memcached.kill9();
    memcached.start();
    cell.recovers("new sessions are not stored");
}

TEST_CASE("faults: a Redis that gets a password") {
    RedisServer redis;
    check_password(redis, "", "NOAUTH");
}

TEST_CASE("faults: a memcached whose password changes") {
    // t/e2e/memcached_test.cpp tests a wrong password.
    untested_fault("Stores", "another password while running", "memcached",
                   "it asks for a password once a connection");
}

TEST_CASE("faults: a Redis whose password changes") {
    RedisServer redis({"--requirepass", "first"}, {"first"});
    check_password(redis, "first", "WRONGPASS");
}
