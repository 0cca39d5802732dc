// AUTH: with a password, with a user, and with the wrong ones.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Options;
using backends::Status;
using namespace support;

namespace {

const std::string password = "correct-horse";

Options with_credentials(const RedisServer& redis, const std::string& user,
                         const std::string& given) {
    auto options = store_options(redis);
    options.user = user;
    options.password = given;
    return options;
}

// How often the server received a command, even if it refused it.
int calls(const RedisServer& redis, const std::string& command) {
    const auto stats =
        redis.client().info("commandstats", "cmdstat_" + command);
    return stats.empty() ? 0 : std::stoi(stats.substr(sizeof "calls=" - 1));
}

struct AclServer : RedisServer {
    AclServer() {
        client().command(
            {"ACL", "SETUSER", "alice", "on", ">" + password, "~*", "+@all"});
    }
};

}  // namespace

TEST_CASE("redis auth: with the right password the store is up") {
    RedisServer redis({"--requirepass", password}, {password});
    TestStore s(with_credentials(redis, "", password));
    REQUIRE(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis auth: a password may hold any bytes") {
    const std::string odd = "a b\"c'd:e\r\nf\\g\xff";
    RedisServer redis;
    redis.client().config_set("requirepass", odd);
    TestStore s(with_credentials(redis, "", odd));
    REQUIRE(s.connects());
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis auth: as a user with a password") {
    AclServer redis;
    TestStore s(with_credentials(redis, "alice", password));
    REQUIRE(s.connects());
    s.put("key", "value");
    CHECK(redis.client()
              .command({"CLIENT", "LIST"})
              .text.value()
              .find("user=alice") != std::string::npos);
}

TEST_CASE("redis auth: then a database") {
    AclServer redis;
    auto options = with_credentials(redis, "alice", password);
    options.db = 5;
    TestStore s(options);
    REQUIRE(s.connects());
    s.put("key", "value");
    auto client = redis.client();
    client.select(5);
    CHECK(client.get("key") == "value");
}

TEST_CASE("redis auth: with a wrong password the store stays down, and says "
          "so once") {
    RedisServer redis({"--requirepass", password}, {password});
    TestStore s(with_credentials(redis, "", "wrong-staple"));

    CHECK(s.loop.run_until([&] { return calls(redis, "auth") > 20; }));
    CHECK(s.logged("unavailable: AUTH failed: WRONGPASS") == 1);
    CHECK(count_lines(s.log(), "") == 1);
    CHECK(s.at_once(Status::down));
}

TEST_CASE("redis auth: a wrong user is as a wrong password") {
    AclServer redis;
    TestStore s(with_credentials(redis, "bob", password));
    CHECK(s.logs("unavailable: AUTH failed: WRONGPASS"));
    CHECK(s.at_once(Status::down));
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("redis auth: a password that the server does not know of is told") {
    RedisServer redis;
    TestStore s(with_credentials(redis, "", password));
    CHECK(s.logs("unavailable: AUTH failed: ERR AUTH"));
    CHECK(s.at_once(Status::down));
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("redis auth: without the password the store refuses, and says so "
          "once") {
    RedisServer redis({"--requirepass", password}, {password});
    TestStore s(store_options(redis));
    CHECK(s.logs("unavailable: it wants a password (auth): NOAUTH"));

    for (int i = 0; i < 20; ++i) {
        CHECK(s.fetch("key").status == Status::down);
    }
    CHECK(s.logged("connected") == 0);
    CHECK(count_lines(s.log(), "") == 1);
}

TEST_CASE("redis auth: once the password is right the store comes up") {
    RedisServer redis({"--requirepass", "old"}, {"old"});
    TestStore s(with_credentials(redis, "", password));
    CHECK(s.logs("unavailable: AUTH failed"));

    redis.client().config_set("requirepass", password);
    CHECK(s.connects());
    CHECK(s.fetch("key").status == Status::miss);
}
