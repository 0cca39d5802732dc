// A store that nobody is going to ask has no connection until somebody wants it
// again.

#include "support/both_stores.hpp"
#include "support/fake_redis.hpp"
#include "support/node.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Meter;
using backends::Options;
using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

struct Wanted {
    bool wanted = true;
    Meter meter;

    // With an interval that no test waits for.
    Options options() {
        auto options = store_options();
        options.interval = 1h;
        options.wanted = [this] { return wanted; };
        options.meter = &meter;
        return options;
    }

    std::unique_ptr<TestStore> connect(const RedisServer& server) {
        auto own = options();
        own.addresses = {store_address(server.unix_path())};
        return std::make_unique<TestStore>(std::move(own));
    }

    std::unique_ptr<TestStore> connect(const MemcachedServer& server) {
        auto one = store_server(server);
        one.meter = &meter;
        return std::make_unique<TestStore>(std::vector{one}, options());
    }

    void want(TestStore& store, bool it) {
        wanted = it;
        store.store().reconsider();
    }
};

}  // namespace

STORE_TEST_CASE("wanted: a store that is not has no connection") {
    Server server;
    const int before = count_clients(server);
    Wanted w;
    const auto s = w.connect(server);
    REQUIRE(s->connects());
    s->put("key", "value");

    for (std::size_t times = 1; times <= 3; ++times) {
        w.want(*s, false);
        CHECK(
            s->loop.run_until([&] { return count_clients(server) == before; }));
        CHECK(s->loop.run_until(
            [&] { return w.meter.state == Meter::State::closed; }));
        CHECK(s->at_once(Status::down));
        s->loop.skip(2h);
        s->loop.run_turns(5);
        CHECK(count_clients(server) == before);

        // a lookup waits for it as at the start
        w.want(*s, true);
        CHECK(s->fetch("key").value == "value");
        CHECK(s->logged(": connected") == times + 1);
    }
    CHECK(s->logged("[error]") == 0);
    CHECK(w.meter.losses.get() == 0);
    w.want(*s, false);  // and the test ends like this
}

TEST_CASE("wanted: what is queued is answered first") {
    Peer peer;
    Wanted w;
    auto options = w.options();
    options.addresses = {store_address(peer)};
    TestStore s(options);
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s.loop.run_until([&] { return !peer.received().empty(); }));
    peer.send("-ERR\r\n+PONG\r\n");
    REQUIRE(s.connects());

    const auto fetch = s.begin_fetch("key");
    w.want(s, false);
    s.loop.run_turns(5);
    CHECK_FALSE(peer.closed());
    CHECK_FALSE(fetch->done);
    peer.send("$5\r\nvalue\r\n");
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == "value");
    CHECK(s.loop.run_until([&] { return peer.closed(); }));
}

TEST_CASE("wanted: one that is down, or connecting, does not go on") {
    Peer peer;
    Wanted w;
    auto options = w.options();
    options.addresses = {store_address(peer)};
    TestStore s(options);
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));

    // as soon as it has connected
    w.want(s, false);
    peer.send("-ERR\r\n+PONG\r\n");
    CHECK(s.loop.run_until([&] { return peer.closed(); }));

    // between two attempts
    w.want(s, true);
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    peer.hang_up();
    REQUIRE(s.logs("unavailable: "));
    w.want(s, false);
    s.loop.skip(1h);
    s.loop.run_turns(5);
    CHECK_FALSE(peer.accept());

    w.want(s, true);
    CHECK(s.loop.run_until([&] { return peer.accept(); }));
}

TEST_CASE("wanted: nobody is, from the start") {
    Peer peer;
    Wanted w;
    w.wanted = false;
    auto options = w.options();
    options.addresses = {store_address(peer)};
    TestStore s(options);
    s.loop.run_turns(5);
    CHECK_FALSE(peer.accept());
    CHECK(s.at_once(Status::down));
    const auto joined = [&] {
        w.want(s, true);
        w.want(s, false);
        w.want(s, true);
        return s.begin_fetch("key");
    }();
    CHECK_FALSE(joined->done);
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s.loop.run_until([&] { return !peer.received().empty(); }));
    peer.send("-ERR\r\n+PONG\r\n$-1\r\n");
    CHECK(s.loop.run_until([&] { return joined->done; }));
    CHECK(joined->result.status == Status::miss);
}
