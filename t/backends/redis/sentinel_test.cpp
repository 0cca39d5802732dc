// The client follows the master that Sentinels name, wherever it moves.

#include "support/followed_redis.hpp"
#include "support/peer.hpp"
#include "support/sentinel_server.hpp"
#include "support/test_resolver.hpp"
#include "support/test_store.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr auto long_enough = 25s;  // for a check, when all is well

backends::Options options() {
    auto options = store_options();
    options.timeout = 2s;
    return options;
}

backends::Watch watch(const std::vector<Address>& sentinels) {
    backends::Watch watch{.master = Watched::name};
    for (const auto& address : sentinels) {
        watch.sentinels.push_back(store_server(store_address(address)));
    }
    return watch;
}

backends::Watch watch(Watched& watched, std::size_t count = 3) {
    std::vector<Address> addresses;
    for (std::size_t i = 0; i < count; ++i) {
        addresses.push_back(watched.sentinel(i).address());
    }
    return watch(addresses);
}

// A server that says what no Sentinel would.
struct FakeSentinel {
    Peer peer{AF_INET};

    backends::Watch watch() const {
        backends::Watch watch{.master = Watched::name};
        watch.sentinels.push_back(store_server(store_address(peer)));
        return watch;
    }

    // Answers the next client that asks.
    void answer(TestStore& s, const std::string& reply) {
        REQUIRE(s.loop.run_until([&] {
            s.loop.skip(100ms);
            return peer.accept();
        }));
        REQUIRE(s.loop.run_until([&] {
            return peer.received().find(Watched::name) != std::string::npos;
        }));
        peer.send(reply);
    }
};

std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string pair(const std::string& host, const std::string& port) {
    return "*2\r\n" + bulk(host) + bulk(port);
}

std::string naming(const RedisServer& server) {
    return pair(server.address().host, std::to_string(server.address().port));
}

}  // namespace

TEST_CASE("redis sentinel: the master is followed") {
    Watched x;
    TestStore s(watch(x), options());
    REQUIRE(s.logs(line(x.a(), "connected")));
    CHECK(lands(s, x.a()));

    SUBCASE("by command") {
        x.fail_over();
        CHECK(lands(s, x.b()));
        CHECK(s.logged(line(x.b(), "connected")) == 1);
    }
    SUBCASE("after a kill -9") {
        x.a().kill9();
        CHECK(x.names(x.b()));
        CHECK(lands(s, x.b()));
        CHECK(s.logged(line(x.b(), "connected")) == 1);
    }
    SUBCASE("when it is frozen") {
        x.a().freeze();
        CHECK(x.names(x.b()));
        CHECK(lands(s, x.b()));
        x.a().thaw();
    }
    SUBCASE("with a Sentinel that is dead") {
        x.sentinel(0).kill9();
        x.a().kill9();
        CHECK(x.names(x.b(), {1, 2}));
        CHECK(lands(s, x.b()));
    }
    SUBCASE("with a Sentinel that is frozen") {
        x.sentinel(0).freeze();
        x.a().kill9();
        CHECK(x.names(x.b(), {1, 2}));
        CHECK(lands(s, x.b()));
        x.sentinel(0).thaw();
    }
}

TEST_CASE("redis sentinel: a master is left that the Sentinels do not name") {
    // it serves as before, like a master that is cut off from the others
    RedisServer a;
    RedisServer b;
    FakeSentinel sentinel;
    TestStore s(sentinel.watch(), options());
    sentinel.answer(s, naming(a) + "*0\r\n");
    REQUIRE(s.logs(line(a, "connected")));

    s.loop.skip(long_enough);
    sentinel.answer(s, naming(b));
    CHECK(s.logs(line(a, "left for " + b.address().text())));
    CHECK(s.logs(line(b, "connected")));
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis sentinel: who is no master is not believed to be one") {
    RedisServer a;
    RedisServer replica(
        {"--replicaof", a.address().host, std::to_string(a.address().port)});
    FakeSentinel sentinel;
    TestStore s(sentinel.watch(), options());

    SUBCASE("from the start") {
        sentinel.answer(s, naming(replica) + "*0\r\n");
        CHECK(s.logs(line(replica, "unavailable: ROLE failed: the server is "
                                   "not the master")));
        CHECK(s.at_once(Status::down));
        sentinel.answer(s, naming(a));
        CHECK(s.logs(line(a, "connected")));
    }
    SUBCASE("later") {
        sentinel.answer(s, naming(a) + "*0\r\n");
        REQUIRE(s.logs(line(a, "connected")));
        s.loop.skip(long_enough);
        sentinel.answer(s, naming(replica));
        s.loop.run_turns(50);
        CHECK(s.fetch("key").status == Status::miss);
        CHECK(s.logged("left for") == 0);
        replica.client().command({"REPLICAOF", "NO", "ONE"});
        sentinel.answer(s, naming(replica));
        CHECK(s.logs(line(replica, "connected")));
    }
}

TEST_CASE("redis sentinel: a master that is demoted by hand is left") {
    Watched x(1);
    TestStore s(watch(x, 1), options());
    REQUIRE(s.logs(line(x.a(), "connected")));
    x.swap();
    CHECK(lands(s, x.b()));
    CHECK(s.logged("SETEX failed: READONLY") == 1);
    CHECK(s.logged("connection lost") == 0);
}

TEST_CASE("redis sentinel: when all are dead the known master is kept") {
    Watched x;
    TestStore s(watch(x), options());
    REQUIRE(s.logs(line(x.a(), "connected")));
    for (std::size_t i = 0; i < x.count(); ++i) {
        x.sentinel(i).kill9();
    }
    for (int i = 0; i < 5; ++i) {
        s.loop.skip(long_enough);
        CHECK(lands(s, x.a()));
    }
    CHECK(s.logs("resolving failed: mymaster: Sentinel 127.0.0.1:"));
    CHECK(s.logged("connected") == 1);

    x.a().kill9();
    CHECK(s.logs("connection lost"));
    x.a().start();
    CHECK(lands(s, x.a()));
}

TEST_CASE("redis sentinel: none is there at the start") {
    const ReservedPort port;
    TestStore s(watch({port.address()}), options());
    CHECK(s.logs("redis mymaster: resolving failed: mymaster: Sentinel " +
                 port.address().text() +
                 ": connect() failed: Connection refused"));
    CHECK(s.at_once(Status::down));
}

TEST_CASE("redis sentinel: a master of which none has heard") {
    Watched x(1);
    auto watched = watch(x, 1);
    watched.master = "nobody";
    TestStore s(watched, options());
    CHECK(s.logs("redis nobody: resolving failed: nobody: Sentinel " +
                 x.sentinel().address().text() +
                 ": it knows of no such master"));
}

TEST_CASE("redis sentinel: those that are configured tell of the others") {
    Watched x;
    TestStore s(watch(x, 1), options());
    REQUIRE(s.logs(line(x.a(), "connected")));
    x.sentinel(0).kill9();
    x.a().kill9();
    CHECK(x.names(x.b(), {1, 2}));
    CHECK(lands(s, x.b()));
}

TEST_CASE("redis sentinel: passwords of both") {
    const Arguments guarded{"--requirepass", "store", "--masterauth", "store"};
    Watched x(1, guarded, {"store"},
              {"requirepass watch",
               std::string("sentinel auth-pass ") + Watched::name + " store",
               "user nginx on >least +sentinel|get-master-addr-by-name "
               "+sentinel|sentinels"},
              {"watch"});
    auto watched = watch(x, 1);
    auto with = options();
    with.password = "store";

    SUBCASE("right") {
        watched.password = "watch";
        SUBCASE("alone") {}
        SUBCASE("with a user") {
            watched.user = "default";
        }
        SUBCASE("with one that may do what is needed") {
            watched.user = "nginx";
            watched.password = "least";
        }
        TestStore s(watched, with);
        CHECK(s.connects());
        CHECK(s.logged("[error]") == 0);
        CHECK(x.sentinel().client().command({"ACL", "LOG"}).elements.empty());
    }
    SUBCASE("wrong") {
        watched.password = "hunter2";
        TestStore s(watched, with);
        CHECK(s.logs(": AUTH failed: WRONGPASS invalid username-password"));
        CHECK(s.logged("hunter2") == 0);
    }
    SUBCASE("none") {
        TestStore s(watched, with);
        CHECK(s.logs(": SENTINEL failed: NOAUTH Authentication required."));
    }
}

TEST_CASE("redis sentinel: what is no answer finds no master") {
    for (const auto& reply :
         {std::string("+OK\r\n"), std::string(":1\r\n"), std::string("*0\r\n"),
          std::string("*1\r\n$9\r\n127.0.0.1\r\n"), std::string("$1\r\nx\r\n"),
          std::string("*2\r\n*0\r\n*0\r\n"), std::string("*2\r\n:1\r\n:1\r\n"),
          pair("", "6379"), pair("127.0.0.1", ""), pair("127.0.0.1", "0"),
          pair("127.0.0.1", "65536"), pair("127.0.0.1", "-1"),
          pair("127.0.0.1", "6379 "), pair("host name", "6379"),
          pair(std::string(254, 'h'), "6379"), pair("h\xff\n", "6379"),
          std::string("*3\r\n") + bulk("a") + bulk("1") + bulk("1")}) {
        CAPTURE(reply);
        FakeSentinel sentinel;
        TestStore s(sentinel.watch(), options());
        sentinel.answer(s, reply + "*0\r\n");
        CHECK(s.logs("resolving failed: mymaster: Sentinel peer: unexpected "
                     "reply"));
    }
}

TEST_CASE("redis sentinel: what breaks the protocol, or has no end") {
    std::string deep;
    for (int i = 0; i < 100; ++i) {
        deep += "*1\r\n";
    }
    for (const auto& reply : {std::string("*-7\r\n"), std::string("?\r\n"),
                              deep, std::string("*100000000\r\n"),
                              std::string("*2\r\n$600000\r\n") +
                                  std::string(600'000, 'x') + "\r\n"}) {
        CAPTURE(reply.substr(0, 40));
        FakeSentinel sentinel;
        TestStore s(sentinel.watch(), options());
        sentinel.answer(s, reply.substr(0, 100'000));
        sentinel.peer.hang_up();
        CHECK(s.logs("resolving failed: mymaster: Sentinel peer: "));
        CHECK(s.at_once(Status::down));
    }
}

TEST_CASE("redis sentinel: what it tells of others is bounded") {
    RedisServer a;
    FakeSentinel sentinel;
    TestStore s(sentinel.watch(), options());
    std::string others = "*500\r\n";
    for (int i = 0; i < 500; ++i) {
        others += "*4\r\n" + bulk("ip") + bulk("10.0.0.1") + bulk("port") +
                  bulk(std::to_string(i + 1));
    }
    sentinel.answer(s, naming(a) + others);
    CHECK(s.connects());
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("redis sentinel: a master by name takes a resolver") {
    FakeSentinel sentinel;
    TestStore s(sentinel.watch(), options());
    sentinel.answer(s, pair("redis.example.com", "6379") + "*0\r\n");
    CHECK(s.logs("to look \"redis.example.com\" up takes a resolver"));
}

TEST_CASE("redis sentinel: attempts do not ask each time") {
    const ReservedPort nobody;
    FakeSentinel sentinel;
    auto with = options();
    with.interval = 20ms;
    TestStore s(sentinel.watch(), with);
    sentinel.answer(s, pair("127.0.0.1", std::to_string(nobody.number())) +
                           "*0\r\n");
    CHECK(s.logs("unavailable"));
    for (int i = 0; i < 40; ++i) {
        s.loop.skip(10ms);
        s.loop.run_turns(3);
        CHECK_FALSE(sentinel.peer.accept());
    }
    sentinel.answer(s, pair("127.0.0.1", "1"));
}

TEST_CASE("redis sentinel: a store that closes ends what it asks") {
    FakeSentinel sentinel;
    TestStore s(sentinel.watch(), options());
    REQUIRE(s.loop.run_until([&] { return sentinel.peer.accept(); }));
    CHECK(s.scheduler.alive() == 1);
    s.store().close();
    s.loop.run_turns(3);
    CHECK(s.scheduler.alive() == 0);
    CHECK(sentinel.peer.closed());
}

TEST_CASE("redis sentinel: a store that closes ends what it looks up") {
    FakeSentinel sentinel;
    LoopbackResolver resolver;
    resolver.takes_all_time = true;
    auto with = options();
    with.resolver = &resolver;
    TestStore s(sentinel.watch(), with);
    sentinel.answer(s, pair("redis.example.com", "6379") + "*0\r\n");
    REQUIRE(s.loop.run_until([&] { return !resolver.asked.empty(); }));
    CHECK(s.scheduler.alive() == 1);
    s.store().close();
    s.loop.run_turns(3);
    CHECK(s.scheduler.alive() == 0);
}

TEST_CASE("redis sentinel: a Sentinel's name is looked up") {
    Watched x;
    LoopbackResolver resolver;
    auto watch = ::watch(x, 1);
    watch.sentinels[0].host = "sentinel.test";
    watch.sentinels[0].port = x.sentinel(0).address().port;
    watch.sentinels[0].addresses.clear();
    auto with = options();
    with.resolver = &resolver;
    TestStore s(watch, with);
    CHECK(s.connects());
    CHECK(resolver.asked.front() == "sentinel.test");
}

TEST_CASE("redis sentinel: of those that do not answer the last one is named") {
    const ReservedPort nobody;
    const ReservedPort neither;
    for (const bool two : {false, true}) {
        std::vector<Address> addresses{nobody.address()};
        if (two) {
            addresses.push_back(neither.address());
        }
        TestStore s(watch(addresses), options());
        REQUIRE(s.logs("Connection refused"));
        CHECK(s.logged(", and 1 more") == (two ? 1 : 0));
        CHECK(s.logged(", and 0 more") == 0);
    }
}
