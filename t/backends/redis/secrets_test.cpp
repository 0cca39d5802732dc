// Secrets, that is passwords and values, are in no line of the log, although
// Redis quotes what it was sent in its errors.

#include "support/fake_redis.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::string password = "correct-horse";
const std::string value = "session-master-secret";

void check_secrets(const TestStore& s) {
    CAPTURE(s.log());
    CHECK_FALSE(s.log().empty());
    CHECK(s.logged(password) == 0);
    CHECK(s.logged(value) == 0);
}

// Uses a store whose server does not have `command`.
void use_without(const std::string& command) {
    RedisServer redis({"--rename-command", command, ""});
    TestStore s(store_options(redis));
    REQUIRE(s.connects());

    for (int i = 0; i < 3; ++i) {
        s.store().store("key", value, 60s);
        s.store().erase("key");
        s.fetch("key");
    }
    CHECK(s.logged(" failed: ERR unknown command") == 1);
    check_secrets(s);
}

}  // namespace

TEST_CASE("redis secrets: a value that SETEX could not store") {
    use_without("SETEX");
}

TEST_CASE("redis secrets: a key that could not be looked up or erased") {
    use_without("GET");
    use_without("DEL");
}

TEST_CASE("redis secrets: the password that AUTH could not use") {
    for (const std::string user : {"", "alice"}) {
        RedisServer redis({"--rename-command", "AUTH", ""});
        auto options = store_options(redis);
        options.user = user;
        options.password = password;
        TestStore s(options);

        CHECK(s.logs("AUTH failed: ERR unknown command"));
        check_secrets(s);
        CHECK(s.at_once(Status::down));
    }
}

TEST_CASE("redis secrets: the password that was wrong") {
    RedisServer redis({"--requirepass", "another"}, {"another"});
    auto options = store_options(redis);
    options.password = password;
    TestStore s(options);
    CHECK(s.logs("AUTH failed"));
    check_secrets(s);
}

TEST_CASE("redis secrets: all goes well, and the store goes away") {
    RedisServer redis({"--requirepass", password}, {password});
    auto options = store_options(redis);
    options.password = password;
    TestStore s(options);
    REQUIRE(s.connects());
    s.put("key", value);
    redis.kill9();
    CHECK(s.logs("connection lost"));
    check_secrets(s);
}

namespace {

// A server that answers as no Redis does, but as another one on its port might.
struct StrangeStore {
    StrangeStore() : client(store_options(store_address(peer))) {
        REQUIRE(client.loop.run_until([&] { return peer.accept(); }));
        peer.send(std::string(RedisProtocol::refusal) + RedisProtocol::pong);
        REQUIRE(client.connects());
    }

    // The status of a fetch that is answered with `error`.
    Status fetch(const std::string& error) {
        const auto fetch = client.begin_fetch("key");
        client.loop.run_turns(3);
        peer.send("-" + error + "\r\n");
        CHECK(client.loop.run_until([&] { return fetch->done; }));
        return fetch->result.status;
    }

    Peer peer;
    TestStore client;
};

}  // namespace

TEST_CASE("redis secrets: a strange error is cut short in the log") {
    StrangeStore strange;
    TestStore& s = strange.client;
    for (const auto& error :
         {"ODD-A bad argument '" + value + "'",
          "ODD-B bad argument \"" + value + "\"",
          "ODD-C bad argument `" + value + "`", "ODD-D bad arguments, " + value,
          "ODD-E bad \x1b[31mcolour \x07" + value,
          "ODD-F " + std::string(100'000, 'x'), std::string()}) {
        CHECK(strange.fetch(error) == Status::failed);
    }

    check_secrets(s);
    CHECK(s.log().find('\x1b') == std::string::npos);
    CHECK(s.logged("GET failed: ODD") == 6);
    CHECK(s.log().size() < 2000);
}

// hiredis 1.0.1 does not take it for a reply at all.
TEST_CASE("redis secrets: an error of two lines forges none in the log") {
    StrangeStore strange;
    const Status status =
        strange.fetch("ODD bad line\n2000/01/01 [emerg] forged");
    if (status != Status::failed) {
        CHECK(status == Status::down);
    }
    CHECK(strange.client.logged("GET failed: ODD") ==
          (status == Status::failed ? 1 : 0));
    CHECK(strange.client.logged("[error]") == 1);
    CHECK(count_lines(strange.client.log(), "forged") == 0);
}
