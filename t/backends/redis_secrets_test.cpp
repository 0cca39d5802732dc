// What is secret, passwords and values, is in no line of the log, although
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

// A store that is up, on a server without `command`.
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

// What no Redis says, but whoever answers on its port might.
TEST_CASE("redis secrets: a strange error is cut short in the log") {
    Peer peer;
    TestStore s(store_options(store_address(peer)));
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    peer.send(std::string(RedisProtocol::refusal) + RedisProtocol::pong);
    REQUIRE(s.connects());

    const auto fetch_error = [&](const std::string& error) {
        const auto fetch = s.begin_fetch("key");
        s.loop.run_turns(3);
        peer.send("-" + error + "\r\n");
        CHECK(s.loop.run_until([&] { return fetch->done; }));
        CHECK(fetch->result.status == Status::failed);
    };

    fetch_error("ODD1 bad argument '" + value + "'");
    fetch_error("ODD2 bad argument \"" + value + "\"");
    fetch_error("ODD3 bad argument `" + value + "`");
    fetch_error("ODD4 bad arguments, " + value);
    fetch_error("ODD5 bad \x1b[31mcolour \x07" + value);
    fetch_error("ODD6 " + std::string(100'000, 'x'));
    fetch_error("");

    check_secrets(s);
    CHECK(s.log().find('\x1b') == std::string::npos);
    CHECK(s.logged("GET failed: ODD") == 6);
    CHECK(s.log().size() < 2000);
}

// hiredis 1.0.1 takes it for no reply at all.
TEST_CASE("redis secrets: an error of two lines forges none in the log") {
    Peer peer;
    TestStore s(store_options(store_address(peer)));
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    peer.send(std::string(RedisProtocol::refusal) + RedisProtocol::pong);
    REQUIRE(s.connects());
    const auto fetch = s.begin_fetch("key");
    s.loop.run_turns(3);
    peer.send("-ODD bad line\n2000/01/01 [emerg] forged\r\n");
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status != Status::hit);
    CHECK(fetch->result.status != Status::miss);
    CHECK(s.logged("[error]") == 1);
    CHECK(count_lines(s.log(), "forged") == 0);
}
