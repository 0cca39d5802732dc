// A server that says that it does not serve: whether another one is used, and
// that its reply is logged.

#include "backends/places.hpp"
#include "support/fake_redis.hpp"
#include "support/followed_redis.hpp"
#include "support/test_resolver.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr auto long_enough = 25s;  // for a check, when all is well

backends::Address at(const RedisServer& server) {
    return store_address(server.address());
}

void follow(const RedisServer& replica, const RedisServer& primary) {
    replica.client().command({"REPLICAOF", primary.address().host,
                              std::to_string(primary.address().port)});
    REQUIRE(eventually([&] {
        return replica.client().info("replication", "master_link_status") ==
               "up";
    }));
}

void promote(const RedisServer& replica) {
    replica.client().command({"REPLICAOF", "NO", "ONE"});
}

Arguments quick_sync() {
    return {"--repl-diskless-sync-delay", "0"};
}

// Two servers, the first of which is preferred.
struct Pair {
    RedisServer first{quick_sync()};
    RedisServer second{quick_sync()};

    std::vector<backends::Address> addresses() const {
        return {at(first), at(second)};
    }

    backends::Options options() const {
        auto options = store_options();
        options.addresses = addresses();
        return options;
    }
};

}  // namespace

TEST_CASE("redis failover: a primary that is demoted is left") {
    Pair x;
    follow(x.second, x.first);
    TestStore s(x.options());
    REQUIRE(s.logs(line(x.first, "connected")));

    promote(x.second);
    follow(x.first, x.second);
    CHECK(lands(s, x.second));
    CHECK(s.logged("SETEX failed: READONLY You can") == 1);
    CHECK(s.logged(line(x.first, "left for " + x.second.address().text())) ==
          1);

    // the store goes back to it only once it no longer refuses
    for (int i = 0; i < 20; ++i) {
        s.loop.skip(long_enough);
        s.loop.run_turns(3);
        CHECK(s.fetch("key").status == Status::miss);
    }
    CHECK(s.logged(line(x.first, "connected")) == 1);
    CHECK(s.logged(line(x.second, "connected")) == 1);
    promote(x.first);
    CHECK(s.loop.run_until([&] {
        s.loop.skip(long_enough);
        return s.logged(line(x.first, "connected")) == 2;
    }));
    CHECK(lands(s, x.first));
}

TEST_CASE("redis failover: a server that takes sessions again is stayed with") {
    Pair x;
    x.second.kill9();
    auto options = x.options();
    options.interval = 1h;  // no PING that would time out in a skip
    TestStore s(options);
    REQUIRE(s.logs(line(x.first, "connected")));
    x.first.client().command({"REPLICAOF", "127.0.0.1", "1"});
    CHECK(s.store().store("a", "value", 60s) == Status::queued);
    REQUIRE(s.logs("SETEX failed: READONLY"));
    promote(x.first);
    s.put("b", "value");

    x.second.start();
    const auto end = s.loop.now() + backends::Places::first_hold;
    CHECK(s.loop.run_until([&] {
        s.loop.skip(5ms);
        return s.loop.now() >= end;
    }));
    CHECK(s.logged(line(x.second, "connected")) == 0);
    CHECK(s.fetch("b").status == Status::hit);
}

TEST_CASE("redis failover: a replica is not stayed with from the start") {
    Pair x;
    follow(x.first, x.second);
    TestStore s(x.options());
    CHECK(s.logs(line(x.second, "connected")));
    CHECK(s.logged(line(x.first, "unavailable: HELLO failed: the server is a "
                                 "replica")) == 1);
}

TEST_CASE("redis failover: while nobody takes sessions, lookups go on") {
    Pair x;
    follow(x.second, x.first);
    x.first.set("key", "value");
    RedisServer third{quick_sync()};
    TestStore s(x.options());
    REQUIRE(s.connects());
    follow(x.first, third);
    x.first.client().command({"CONFIG", "SET", "replica-read-only", "yes"});
    third.set("key", "value");

    for (int i = 0; i < 50; ++i) {
        CHECK(s.store().store("new", "value", 60s) == Status::queued);
        CHECK(s.fetch("new").status == Status::miss);
        s.loop.skip(1s);
        s.loop.run_turns(3);
    }
    CHECK(
        s.loop.run_until([&] { return s.fetch("key").status == Status::hit; }));
    CHECK(s.logged("connected") == 1);
    CHECK(s.logged("READONLY") == 1);
}

TEST_CASE("redis failover: a name that has moved is asked again") {
    Pair x;
    TestResolver resolver;
    resolver.point_to({at(x.first)});
    auto options = store_options(at(x.first));
    options.host = "redis.example.com";
    options.resolver = &resolver;
    TestStore s(options);
    REQUIRE(s.connects());

    SUBCASE("the old one is a replica") {
        follow(x.first, x.second);
        s.put("key", "value");
        s.loop.run_until([&] { return resolver.asked.size() >= 2; });
        CHECK(s.logged("connected") == 1);  // there is nowhere else to go
        resolver.point_to({at(x.second)});
        CHECK(lands(s, x.second));
    }

    SUBCASE("the old one serves as ever") {
        resolver.point_to({at(x.second)});
        s.loop.skip(long_enough);
        CHECK(s.logs(line(x.second, "connected")));
        CHECK(s.logged("[error]") == 0);
    }

    SUBCASE("to where nobody is") {
        x.second.kill9();
        resolver.point_to({at(x.second)});
        for (int i = 0; i < 10; ++i) {
            s.loop.skip(long_enough);
            s.loop.run_turns(5);
            CHECK(s.fetch("key").status == Status::miss);
        }
        CHECK(s.logged("connected") == 1);
        CHECK(s.logged("[error]") == 0);
    }

    SUBCASE("it is gone") {
        resolver.answer = {.error = "Host not found"};
        s.loop.skip(long_enough);
        CHECK(s.logs("resolving failed: redis.example.com: Host not found"));
        CHECK(s.fetch("key").status == Status::miss);
    }
}

TEST_CASE("redis failover: a name that is not known yet is waited for") {
    RedisServer redis;
    TestResolver resolver;
    auto options = store_options();
    options.host = "redis.example.com";
    options.resolver = &resolver;
    TestStore s(options);
    CHECK(s.logs("redis redis.example.com: resolving failed: "
                 "redis.example.com: Host not found"));
    CHECK(s.at_once(Status::down));

    resolver.point_to({at(redis)});
    CHECK(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis failover: whatever order a name's addresses have") {
    Pair x;
    auto sorted = x.addresses();
    backends::sort(sorted);
    const auto& best = sorted.front().text;

    for (int turn = 0; turn < 2; ++turn) {
        TestResolver resolver;
        resolver.point_to({sorted[turn], sorted[1 - turn]});
        auto options = store_options();
        options.host = "redis.example.com";
        options.resolver = &resolver;
        TestStore s(options);
        CHECK(s.logs("redis " + best + ": connected"));
    }
}

TEST_CASE("redis failover: the first address is gone back to when it is up") {
    Pair x;
    x.first.kill9();
    TestStore s(x.options());
    CHECK(s.logs(line(x.second, "connected")));
    s.loop.skip(long_enough);
    s.loop.run_turns(5);
    CHECK(s.fetch("key").status == Status::miss);

    x.first.start();
    s.loop.skip(long_enough);
    CHECK(s.logs(line(x.first, "connected")));
    CHECK(s.logged("connection lost") == 0);
    CHECK(s.logged("unavailable") == 1);
    s.put("key", "value");
    CHECK(x.first.client().exists("key"));
}

TEST_CASE("redis failover: lookups do not notice that the place changes") {
    Pair x;
    x.first.kill9();
    TestStore s(x.options());
    CHECK(s.logs(line(x.second, "connected")));
    x.first.start();
    s.loop.skip(long_enough);

    std::size_t answered = 0;
    CHECK(s.loop.run_until([&] {
        for (const auto& fetch : s.begin_fetches(5, "key")) {
            CHECK(s.loop.run_until([&] { return fetch->done; }));
            CHECK(fetch->result.status == Status::miss);
            ++answered;
        }
        return s.logged(line(x.first, "connected")) == 1;
    }));
    CHECK(answered > 0);
}

TEST_CASE("redis failover: what is no server for us is not gone back to") {
    Pair x;
    x.first.kill9();
    auto options = x.options();
    options.interval = 1h;  // no PING that would time out in a skip
    TestStore s(options);
    CHECK(s.logs(line(x.second, "connected")));

    SUBCASE("it wants a password") {
        RedisServer guarded({"--requirepass", "secret", "--port",
                             std::to_string(x.first.address().port)},
                            {"secret"});
        for (int i = 0; i < 5; ++i) {
            s.loop.skip(long_enough);
            s.loop.run_turns(20);
        }
        CHECK(s.logged("connected") == 1);
    }

    SUBCASE("it is a replica") {
        x.first.start();
        follow(x.first, x.second);
        for (int i = 0; i < 5; ++i) {
            s.loop.skip(long_enough);
            s.loop.run_turns(20);
        }
        CHECK(s.logged("connected") == 1);
    }
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis failover: a server with no room, or for nobody from outside") {
    for (const std::string said :
         {"ERR max number of clients reached",
          "DENIED Redis is running in protected mode because"}) {
        for (const bool asked_before : {false, true}) {
            CAPTURE(said);
            CAPTURE(asked_before);
            RedisServer other;
            Peer full(AF_INET);
            auto options = store_options(store_address(full));
            options.addresses.push_back(at(other));
            TestStore s(options);
            if (asked_before) {  // then it is not asked for its version
                REQUIRE(s.loop.run_until([&] { return full.accept(); }));
                full.hang_up();
            } else {
                REQUIRE(s.loop.run_until([&] { return full.accept(); }));
                full.send("-" + said + "\r\n");
            }
            CHECK(s.logs(line(other, "connected")));
            if (!asked_before) {
                CHECK(s.logged("unavailable: HELLO failed: " + said) == 1);
            }
        }
    }
}

TEST_CASE("redis failover: LOADING that lasts is a server to be left") {
    Peer loading(AF_INET);
    RedisServer other;
    auto options = store_options(store_address(loading));
    options.addresses.push_back(at(other));
    options.timeout = 2s;
    options.interval = 1h;
    TestStore s(options);
    REQUIRE(s.loop.run_until([&] { return loading.accept(); }));
    REQUIRE(s.loop.run_until(
        [&] { return loading.received().find("PING") != std::string::npos; }));
    loading.send("-ERR\r\n-LOADING Redis is loading\r\n");
    REQUIRE(s.connects());

    const auto ask = [&] {
        const auto before = loading.received().size();
        const auto fetch = s.begin_fetch("key");
        REQUIRE(s.loop.run_until(
            [&] { return loading.received().size() > before; }));
        loading.send("-LOADING Redis is loading\r\n");
        CHECK(s.loop.run_until([&] { return fetch->done; }));
        CHECK(fetch->result.status == Status::failed);
    };
    ask();
    s.loop.skip(1s);
    ask();
    s.loop.run_turns(5);
    CHECK(s.logged(line(other, "connected")) == 0);
    s.loop.skip(1500ms);
    ask();
    s.loop.skip(1500ms);
    CHECK(s.logs(line(other, "connected")));
    CHECK(s.logged("GET failed: LOADING Redis is loading") == 1);
}

TEST_CASE("redis failover: each thing that a server says of itself") {
    for (const std::string said :
         {"READONLY You can't write", "MASTERDOWN Link with MASTER is down",
          "NOAUTH Authentication required.", "WRONGPASS invalid password",
          "ERR max number of clients reached"}) {
        CAPTURE(said);
        Peer peer(AF_INET);
        RedisServer other;
        auto options = store_options(store_address(peer));
        options.addresses.push_back(at(other));
        options.interval = 1h;
        TestStore s(options);
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        peer.send("-ERR\r\n+PONG\r\n");
        REQUIRE(s.connects());

        const auto before = peer.received().size();
        const auto fetch = s.begin_fetch("key");
        REQUIRE(
            s.loop.run_until([&] { return peer.received().size() > before; }));
        peer.send("-" + said + "\r\n");
        CHECK(s.loop.run_until([&] { return fetch->done; }));
        s.loop.skip(2s);
        CHECK(s.logs(line(other, "connected")));
        CHECK(s.logged("GET failed: ") == 1);
    }
}

TEST_CASE("redis failover: an error of a command is none of the server") {
    Pair x;
    x.first.client().command({"LPUSH", "list", "element"});
    TestStore s(x.options());
    REQUIRE(s.connects());
    for (int i = 0; i < 5; ++i) {
        CHECK(s.fetch("list").status == Status::failed);
        s.loop.skip(long_enough);
        s.loop.run_turns(5);
    }
    CHECK(s.logged("connected") == 1);
}

TEST_CASE("redis failover: a store that closes ends what it looks for") {
    Pair x;
    x.first.kill9();
    TestStore s(x.options());
    CHECK(s.logs(line(x.second, "connected")));
    x.first.start();
    x.first.freeze();
    s.loop.skip(long_enough);
    s.loop.run_turns(3);
    CHECK(s.scheduler.alive() == 2);
    s.store().close();
    s.loop.run_turns(3);
    CHECK(s.scheduler.alive() == 0);
    x.first.thaw();
}

TEST_CASE("redis failover: a store that closes ends what it looks up") {
    const RedisServer redis;
    LoopbackResolver resolver;
    resolver.takes_all_time = true;
    auto options = store_options(at(redis));
    options.host = "redis.example.com";
    options.resolver = &resolver;
    options.addresses.clear();
    TestStore s(options);
    REQUIRE(s.loop.run_until([&] { return !resolver.asked.empty(); }));
    CHECK(s.scheduler.alive() == 1);
    s.store().close();
    s.loop.run_turns(3);
    CHECK(s.scheduler.alive() == 0);
}
