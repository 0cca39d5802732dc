// A store that hangs up, with an error reply or while it is idle, and an event
// loop that has no room for the connection.

#include "support/both_stores.hpp"
#include "support/fake_redis.hpp"
#include "support/test_store.hpp"
#include "support/tls_store.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <vector>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

// A Redis that accepts the next connection but has too many clients.
struct FullRedis {
    explicit FullRedis(int family) : peer(family) {
        auto options = store_options(store_address(peer));
        options.interval = 1h;
        store.emplace(std::move(options));
        REQUIRE(store->loop.run_until([this] { return peer.accept(); }));
    }

    void refuse() { peer.send("-ERR max number of clients reached\r\n"); }

    // Needs no timeout to pass: none is short here.
    void check_told() {
        CHECK(store->logs("unavailable: HELLO failed: "
                          "ERR max number of clients reached"));
        CHECK(store->logged("[error]") == 1);
        CHECK(store->at_once(Status::down));
    }

    Peer peer;
    std::optional<TestStore> store;
};

}  // namespace

TEST_CASE("hang-up: what a Redis without room says is what is logged") {
    for (const int family : {AF_UNIX, AF_INET}) {
        // it hangs up before, with, and after the greeting, or resets
        for (const int how : {0, 1, 2, 3}) {
            CAPTURE(family);
            CAPTURE(how);
            FullRedis redis(family);
            if (how != 0) {
                REQUIRE(redis.store->loop.run_until(
                    [&] { return !redis.peer.received().empty(); }));
            }
            redis.refuse();
            if (how == 2) {
                redis.store->loop.run_turns(3);
            }
            if (how == 3) {
                redis.peer.abort();
            } else {
                redis.peer.hang_up();
            }
            redis.check_told();
        }
    }
}

TEST_CASE("hang-up: a Redis that does not know HELLO is lost for itself") {
    FullRedis redis(AF_UNIX);
    REQUIRE(redis.store->loop.run_until(
        [&] { return !redis.peer.received().empty(); }));
    redis.peer.send("-ERR unknown command\r\n+PONG\r\n");
    REQUIRE(redis.store->connects());
    redis.peer.hang_up();
    CHECK(redis.store->logs("connection lost: closed by the store"));
}

TEST_CASE("hang-up: a real Redis without room") {
    RedisServer server({"--maxclients", "1"});
    const Socket only(server.address());
    auto options = store_options(store_address(server.address()));
    options.interval = 50ms;
    TestStore s(options);
    CHECK(s.logs("unavailable: HELLO failed: "
                 "ERR max number of clients reached"));
    s.loop.run_until([] { return false; }, 500ms);
    CHECK(s.logged("[error]") == 1);
}

TEST_CASE("hang-up: an end that comes with the last answer is seen at once") {
    FakeRedis fake;
    const auto fetch = fake.begin_fetch("key");
    const auto other = fake.begin_fetch("other");
    fake.peer.send("$5\r\nvalue\r\n");
    fake.peer.hang_up();
    CHECK(fake.store->loop.run_until([&] { return other->done; }));
    CHECK(fetch->result.value == "value");
    CHECK(other->result.status == Status::down);
    CHECK(fake.store->logged("connection lost: closed by the store") == 1);
    fake.reconnect();
}

TEST_CASE("hang-up: answers that come before it are given") {
    FakeRedis fake;
    const auto fetches = fake.store->begin_fetches(100, "key");
    REQUIRE(fake.store->loop.run_until([&] {
        return fake.peer.received().find("key99") != std::string::npos;
    }));
    const std::string value(1000, 'v');
    std::string answers;
    for (std::size_t i = 0; i < fetches.size() - 1; ++i) {
        answers += "$1000\r\n" + value + "\r\n";
    }
    fake.peer.send(answers);
    fake.peer.abort();
    CHECK(fake.store->loop.run_until([&] {
        return std::ranges::all_of(fetches,
                                   [](const auto& one) { return one->done; });
    }));
    for (std::size_t i = 0; i < fetches.size() - 1; ++i) {
        CHECK(fetches[i]->result.value == value);
    }
    CHECK(fetches.back()->result.status == Status::down);
}

TEST_CASE("hang-up: a real memcached without room") {
    MemcachedServer server({"-c", "30", "-o", "maxconns_fast"},
                           MemcachedServer::Listen::at_port);
    // memcached counts the connections that its threads know, so each has to be
    // answered.
    std::vector<std::unique_ptr<Socket>> others;
    std::string answer;
    while (answer.find("ERROR") == answer.npos && others.size() < 100) {
        auto& other =
            others.emplace_back(std::make_unique<Socket>(server.address()));
        other->write("version\r\n");
        REQUIRE(wait_for(other->fd(), POLLIN, Clock::now() + patience));
        answer = receive_some(other->fd());
    }
    TestStore s({store_server(server)}, store_options());
    CHECK(s.logs("unavailable: version failed: "
                 "ERROR Too many open connections"));
    CHECK(s.logged("[error]") == 1);
}

STORE_TEST_CASE("hang-up: an idle store that closes is noticed at once") {
    Server server;
    auto options = store_options();
    options.interval = 1h;
    const auto s = store_of(server, options);
    REQUIRE(s->connects());
    server.kill9();
    CHECK(s->logs("connection lost"));
    server.start();
    s->loop.skip(1h);
    CHECK(s->connects(2));
}

TEST_CASE("hang-up: a loop without room is one error, and no spinning") {
    for (const int family : {AF_UNIX, AF_INET}) {
        Peer peer(family);
        auto options = store_options(store_address(peer));
        options.interval = 60s;
        TestStore s(options);
        s.loop.refuse(true);

        for (int attempt = 0; attempt < 3; ++attempt) {
            s.loop.run_turns(5);
            s.loop.skip(60s);
        }
        CHECK(s.logged("No buffer space available") == 1);
        CHECK(s.logged("[error]") <= 2);
        CHECK(s.at_once(Status::down));

        while (peer.accept()) {
        }
        s.loop.refuse(false);
        s.loop.skip(60s);
        REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
        REQUIRE(s.loop.run_until([&] { return !peer.received().empty(); }));
        peer.send("-ERR\r\n+PONG\r\n");
        CHECK(s.connects());
    }
}

TEST_CASE("hang-up: a loop without room ends a TLS handshake, too") {
    Peer peer;
    auto options = tls_options(store_address(peer), trusting());
    options.interval = 60s;
    TestStore s(options);
    s.loop.refuse(true);
    for (int attempt = 0; attempt < 3; ++attempt) {
        s.loop.run_turns(5);
        s.loop.skip(60s);
    }
    CHECK(s.logs("TLS handshake failed: No buffer space available"));
}
