// What a store must survive although no Redis says it: each test plays the
// server itself.

#include "backends/redis/protocol.hpp"
#include "support/fake_redis.hpp"

#include <doctest/doctest.h>
#include <string>

using backends::Status;
using namespace support;
using namespace std::string_literals;

namespace {

// The connection is given up for `why`, and a new one works.
void check_given_up(FakeRedis& fake, const std::string& why) {
    CHECK(fake.store->logs("connection lost: " + why));
    CHECK(fake.peer.closed());
    CHECK(fake.store->at_once(Status::down));
    fake.reconnect();
    CHECK(fake.fetch("$5\r\nvalue\r\n").value == "value");
}

}  // namespace

TEST_CASE("redis garbage: replies that do not parse") {
    for (const std::string& garbage :
         {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "\x15\x03\x03\0\x02\x02\x28"s,
          "\r\n"s, "$oops\r\n"s}) {
        CAPTURE(garbage);
        FakeRedis fake;
        CHECK(fake.fetch(garbage).status == Status::down);
        check_given_up(fake, "");
    }
}

TEST_CASE("redis garbage: garbage releases all who wait, after the answered") {
    FakeRedis fake;
    const auto answered = fake.begin_fetch("a");
    const auto broken = fake.begin_fetch("b");
    const auto after = fake.begin_fetch("c");

    fake.peer.send("$1\r\n1\r\n!\r\n$1\r\n3\r\n");
    CHECK(fake.store->loop.run_until([&] { return after->done; }));
    CHECK(answered->result.status == Status::hit);
    CHECK(answered->result.value == "1");
    CHECK(broken->done);
    CHECK(broken->result.status == Status::down);
    CHECK(after->result.status == Status::down);
    check_given_up(fake, "Protocol error");
}

TEST_CASE("redis garbage: a reply that nobody asked for") {
    for (const char* reply : {"+OK\r\n", "$5\r\nvalue\r\n", "-ERR x\r\n"}) {
        CAPTURE(reply);
        FakeRedis fake;
        fake.peer.send(reply);
        check_given_up(fake, "unexpected reply");
    }
}

TEST_CASE("redis garbage: one reply too many") {
    FakeRedis fake;
    const auto fetched = fake.fetch("$1\r\nx\r\n$1\r\ny\r\n");
    CHECK(fetched.value == "x");
    check_given_up(fake, "unexpected reply");
}

TEST_CASE("redis garbage: half a reply, then the end") {
    FakeRedis fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("$10\r\nabc");
    fake.peer.hang_up();
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::down);
    CHECK(fetch->result.value.empty());
    CHECK(fake.store->logged("connection lost: closed by the store") == 1);

    // nothing of it is left on the next connection
    fake.reconnect();
    CHECK(fake.fetch("$-1\r\n").status == Status::miss);
}

TEST_CASE("redis garbage: a reply whose end does not come") {
    FakeRedis fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("$10\r\nabc");
    fake.store->loop.run_turns(5);
    CHECK_FALSE(fetch->done);
    fake.store->loop.skip(patience);
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    check_given_up(fake, "GET timed out");
}

TEST_CASE("redis garbage: a reply that grows in each turn, for ever") {
    FakeRedis fake;
    const auto fetch = fake.begin_fetch("key");
    fake.peer.send("$100000\r\n");
    fake.store->loop.run_turns(2);
    fake.store->loop.skip(patience);
    for (int i = 0; i < 100 && !fake.peer.closed(); ++i) {
        fake.peer.send("x");
        fake.store->loop.run_turns(1);
    }
    CHECK(fetch->done);
    check_given_up(fake, "GET timed out");
}

TEST_CASE("redis garbage: a reply in single bytes") {
    FakeRedis fake;
    const auto fetch = fake.begin_fetch("key");
    for (const char byte : "$7\r\nv\r\nlue!\r\n"s) {
        CHECK_FALSE(fetch->done);
        fake.peer.send({&byte, 1});
        fake.store->loop.run_turns(3);
    }
    CHECK(fake.store->loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == "v\r\nlue!");
}

TEST_CASE("redis garbage: a reply that is too long, announced or real") {
    for (const char* length : {"536870912", "3000000"}) {
        CAPTURE(length);
        FakeRedis fake;
        const auto fetch = fake.begin_fetch("key");
        fake.peer.send("$"s + length + "\r\n");

        std::size_t sent = 0;
        const std::string part(8192, 'x');
        CHECK(fake.store->loop.run_until([&] {
            if (!fake.peer.closed()) {
                fake.peer.send(part);
                sent += part.size();
            }
            return fetch->done;
        }));
        CHECK(fetch->result.status == Status::down);
        CHECK(sent > backends::redis::Parser::max_reply / 2);
        CHECK(sent < 3'000'000);
        check_given_up(fake, "reply too long");
    }
}

TEST_CASE("redis garbage: answers of another type than was asked for") {
    FakeRedis fake;
    for (const char* answer : {":1\r\n", "+OK\r\n", "*-1\r\n"}) {
        CAPTURE(answer);
        const auto fetched = fake.fetch(answer);
        CHECK(fetched.status != Status::hit);
        CHECK(fetched.status != Status::down);
        CHECK(fetched.value.empty());
    }
    CHECK(fake.store->logged("GET failed: unexpected reply") == 1);
    CHECK(fake.store->logged("[error]") == 1);
    CHECK(fake.fetch("$1\r\nx\r\n").status == Status::hit);
}

TEST_CASE("redis garbage: an array, be it one that claims to be endless") {
    for (const char* array :
         {"*0\r\n", "*1\r\n$1\r\nx\r\n", "*2147483647\r\n"}) {
        CAPTURE(array);
        FakeRedis fake;
        CHECK(fake.fetch(array).status == Status::down);
        check_given_up(fake, "unexpected array");
    }
}

TEST_CASE("redis garbage: the connection ends within the greeting") {
    Peer peer;
    TestStore s(store_options(store_address(peer)));
    for (int i = 0; i < 5; ++i) {
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        CHECK(s.loop.run_until([&] { return !peer.received().empty(); }));
        peer.hang_up();
    }
    CHECK(s.at_once(Status::down));
    CHECK(s.logged("unavailable: closed by the store") == 1);
    CHECK(s.logged("connected") == 0);
}

TEST_CASE("redis garbage: nonsense in place of the greeting") {
    Peer peer;
    TestStore s(store_options(store_address(peer)));
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    peer.send("SSH-2.0-OpenSSH_9.2\r\n");
    CHECK(s.logs("unavailable: Protocol error"));
    CHECK(s.logged("connected") == 0);
    CHECK(s.at_once(Status::down));
}
