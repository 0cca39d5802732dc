// Whether a server does what it is asked to do, as its meter shows.

#include "backends/note.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Kind;
using backends::Meter;
using namespace support;
using namespace std::chrono_literals;

namespace {

struct Metered {
    explicit Metered(const RedisServer& redis, std::string user = "",
                     std::string password = "")
        : s([&] {
              auto options = store_options(redis);
              options.meter = &meter;
              options.user = std::move(user);
              options.password = std::move(password);
              return options;
          }()) {}

    bool fails(Kind kind) const {
        return (meter.failing >> static_cast<unsigned>(kind) & 1U) != 0;
    }

    Meter meter;
    TestStore s;
};

}  // namespace

TEST_CASE("health: each kind of request works or fails for itself") {
    RedisServer redis;
    Metered x(redis);
    REQUIRE(x.s.connects());
    x.s.put("key", "value");
    CHECK(x.meter.failing == 0);
    CHECK(x.meter.wrong_since == 0);
    CHECK(x.meter.bytes_stored.get() == 5);

    redis.client().config_set("maxmemory", "1");
    x.s.put("key", "other value");
    CHECK(x.fails(Kind::set));
    CHECK(x.meter.error.get().find("SETEX failed: OOM") == 0);
    CHECK(x.meter.error_at != 0);
    CHECK(x.meter.wrong_since != 0);
    CHECK(x.meter.bytes_stored.get() == 5);
    CHECK(x.s.fetch("key").value == "value");
    CHECK(x.meter.wrong_since != 0);
    CHECK(x.s.add("new") == backends::Addition::unknown);
    CHECK(x.fails(Kind::add));

    redis.client().config_set("maxmemory", "0");
    x.s.put("key", "other");
    CHECK_FALSE(x.fails(Kind::set));
    CHECK(x.meter.wrong_since != 0);
    CHECK(x.s.add("new") == backends::Addition::added);
    CHECK(x.meter.failing == 0);
    CHECK(x.meter.wrong_since == 0);
    CHECK(x.meter.error.get().find("SET failed: OOM") == 0);
    CHECK(x.meter.bytes_stored.get() == 10);
}

TEST_CASE("health: a replica, and a user who may not write") {
    RedisServer redis(
        {"--user", "reader", "on", ">secret", "~*", "+@all", "-setex"});
    const ReservedPort nobody;
    redis.client().command(
        {"REPLICAOF", "127.0.0.1", std::to_string(nobody.number())});
    Metered replica(redis);
    REQUIRE(replica.s.connects());
    replica.s.put("key", "value");
    CHECK(replica.fails(Kind::set));
    CHECK(replica.meter.error.get().find("SETEX failed: READONLY") == 0);

    redis.client().command({"REPLICAOF", "NO", "ONE"});
    Metered reader(redis, "reader", "secret");
    REQUIRE(reader.s.connects());
    reader.s.put("key", "value");
    CHECK(reader.fails(Kind::set));
    CHECK(reader.meter.error.get().find("SETEX failed: NOPERM") == 0);
    CHECK(reader.meter.bytes_stored.get() == 0);
}

TEST_CASE("health: without the password nothing is connected") {
    RedisServer redis({"--requirepass", "secret"}, {"secret"});
    Metered x(redis);
    CHECK(x.s.logs("unavailable: it wants a password (auth): NOAUTH"));
    CHECK(x.s.logged("connected") == 0);
    CHECK(x.meter.state == Meter::State::down);
    CHECK(x.meter.error.get().find("it wants a password (auth)") == 0);
    CHECK(x.meter.wrong_since != 0);
    redis.client().config_set("requirepass", "");
    REQUIRE(x.s.connects());
    CHECK(x.meter.wrong_since == 0);
}

TEST_CASE("health: a note is whole, or its head") {
    backends::Note note;
    CHECK(note.get() == "");
    note.set("one");
    CHECK(note.get() == "one");
    note.set(std::string(1000, 'x'));
    CHECK(note.get() == std::string(backends::Note::longest, 'x'));
    note.set("");
    CHECK(note.get() == "");
}
