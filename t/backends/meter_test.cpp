// What a store's client counts, and what it says about its server.

#include "support/both_stores.hpp"
#include "support/fake_memcached.hpp"
#include "support/fake_redis.hpp"

#include <doctest/doctest.h>
#include <numeric>
#include <regex>

using namespace support;
using namespace std::chrono_literals;
using backends::Change;
using backends::Meter;
using backends::Status;

namespace {

std::size_t count(const Meter& meter, Status status) {
    return meter.fetches.at(static_cast<std::size_t>(status)).get();
}

std::size_t count(const backends::Changes& changes, Change change) {
    return changes.at(static_cast<std::size_t>(change)).get();
}

std::size_t measured(const Meter& meter) {
    const auto& classes = meter.latency.classes();
    return std::accumulate(classes.begin(), classes.end(), std::size_t{0},
                           [](std::size_t sum, const auto& counter) {
                               return sum + counter.get();
                           });
}

// The client of a real server, with a meter.
template <class Server>
struct Metered {
    explicit Metered(const std::function<void(backends::Options&)>& change = {})
        : s(make(change)) {
        REQUIRE(s.connects());
    }

    Server server;
    Meter meter;
    TestStore s;

  private:
    TestStore make(const std::function<void(backends::Options&)>& change);
};

template <>
TestStore Metered<RedisServer>::make(
    const std::function<void(backends::Options&)>& change) {
    auto options = store_options(server);
    options.meter = &meter;
    if (change) {
        change(options);
    }
    return TestStore(options);
}

template <>
TestStore Metered<MemcachedServer>::make(
    const std::function<void(backends::Options&)>& change) {
    auto one = store_server(server);
    one.meter = &meter;
    auto options = store_options();
    if (change) {
        change(options);
    }
    return TestStore({one}, options);
}

void with_long_interval(backends::Options& options) {
    options.interval = 1h;
}

}  // namespace

STORE_TEST_CASE("meter: fetches by result, bytes, latency") {
    Metered<Server> x([](backends::Options& options) {
        options.timeout = 10s;
        with_long_interval(options);
    });
    x.s.put("key", "value");
    CHECK(x.s.fetch("key").status == Status::hit);
    const auto fetched = x.s.fetch("key");
    CHECK(fetched.took > 0us);
    CHECK(x.s.fetch("other").status == Status::miss);
    x.server.freeze();
    const auto fetches = x.s.begin_fetches(3, "waits");
    x.s.loop.run_turns(3);
    CHECK(x.meter.queue.now() == 3);
    x.s.loop.skip(10s);
    REQUIRE(x.s.loop.run_until([&] { return fetches.back()->done; }));
    CHECK(x.s.fetch("key").status == Status::down);
    x.server.thaw();

    CHECK(count(x.meter, Status::hit) >= 2);
    CHECK(count(x.meter, Status::timeout) == 3);
    CHECK(count(x.meter, Status::down) == 1);
    CHECK(count(x.meter, Status::busy) == 0);
    CHECK(x.meter.bytes_fetched.get() == 5 * count(x.meter, Status::hit));
    CHECK(x.meter.bytes_stored.get() == 5);
    CHECK(x.meter.queue.now() == 0);
    CHECK(x.meter.queue.highest() == 3);
    CHECK(measured(x.meter) == count(x.meter, Status::hit) +
                                   count(x.meter, Status::miss) +
                                   count(x.meter, Status::timeout));
    CHECK(x.meter.latency.sum() > 0);
    CHECK(x.meter.connects.get() == 1);
    CHECK(x.meter.losses.get() == 1);
    CHECK(x.meter.state == Meter::State::down);
}

STORE_TEST_CASE("meter: changes by what became of them") {
    Metered<Server> x([](backends::Options& options) {
        options.count = 2;
        with_long_interval(options);
    });
    x.s.put("key", "value");
    CHECK(count(x.meter.stores, Change::done) == 1);
    CHECK(x.s.store().erase("key") == Status::queued);
    CHECK(x.s.fetch("key").status == Status::miss);
    CHECK(count(x.meter.erases, Change::done) == 1);

    x.server.freeze();
    const auto waits = x.s.begin_fetch("waits");
    x.s.loop.run_turns(3);
    CHECK(x.s.store().store("key", "value", 60s) == Status::queued);
    CHECK(x.s.store().store("key", "value", 60s) == Status::busy);
    CHECK(x.s.store().erase("key") == Status::busy);
    CHECK(count(x.meter.stores, Change::busy) == 1);
    CHECK(count(x.meter.erases, Change::busy) == 1);
    x.server.kill9();
    REQUIRE(x.s.loop.run_until([&] { return waits->done; }));
    CHECK(waits->result.status == Status::down);
    CHECK(count(x.meter.stores, Change::lost) == 1);
    CHECK(x.s.store().store("key", "value", 60s) == Status::down);
    CHECK(count(x.meter.stores, Change::down) == 1);
    CHECK(count(x.meter.stores, Change::failed) == 0);
}

TEST_CASE("meter: a set that Redis refuses") {
    Metered<RedisServer> x;
    x.server.client().command({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(x.s.store().store("key", "value", 60s) == Status::queued);
    CHECK(x.s.logs("SETEX failed: OOM"));
    CHECK(count(x.meter.stores, Change::failed) == 1);
    CHECK(count(x.meter.stores, Change::done) == 0);
}

TEST_CASE("meter: a cancelled fetch") {
    Metered<RedisServer> x;
    x.server.freeze();
    const auto fetch = x.s.begin_fetch("key");
    x.s.loop.run_turns(3);
    x.s.scheduler.wake(fetch->waker, coro::Wake::cancelled);
    REQUIRE(x.s.loop.run_until([&] { return fetch->done; }));
    CHECK(count(x.meter, Status::cancelled) == 1);
    CHECK(measured(x.meter) == 0);
    x.server.thaw();
}

STORE_TEST_CASE("a server is told with its version, and how long it was away") {
    Metered<Server> x;
    CHECK(std::regex_search(
        x.s.log(), std::regex(R"(: connected, version \d+\.\d+\.\d+\n)")));
    x.server.kill9();
    REQUIRE(x.s.logs("connection lost"));
    x.server.start();
    REQUIRE(x.s.connects(2));
    CHECK(std::regex_search(
        x.s.log(),
        std::regex(
            R"(: connected, version \d+\.\d+\.\d+, back after \d+ ms\n)")));
    CHECK(x.meter.connects.get() == 2);
    CHECK(x.meter.state == Meter::State::up);
}

TEST_CASE("a Redis that does not know HELLO has no version") {
    FakeRedis fake;
    CHECK(fake.store->logged(": connected\n") == 1);
    CHECK(fake.fetch("$5\r\nvalue\r\n").value == "value");
}

TEST_CASE("a proxy that hangs up when asked for its version is not asked") {
    Peer peer;
    auto options = store_options(store_address(peer));
    TestStore s(options);
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s.loop.run_until([&] {
        return peer.received() ==
               std::string(RedisProtocol::hello) + RedisProtocol::ping;
    }));
    peer.hang_up();
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s.loop.run_until(
        [&] { return peer.received() == RedisProtocol::ping; }));
    peer.send(RedisProtocol::pong);
    CHECK(s.connects());
}

TEST_CASE("a proxy before memcached that hangs up is not asked, either") {
    Peer peer;
    TestStore s({store_server(store_address(peer))});
    const std::string ping = MemcachedProtocol::ping;
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s.loop.run_until([&] { return peer.received() == "version\r\n"; }));
    peer.hang_up();
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s.loop.run_until([&] { return peer.received() == ping; }));
    peer.send(MemcachedProtocol::pong);
    CHECK(s.connects());
}

TEST_CASE("histogram: a duration is in the first class that it fits") {
    backends::Histogram histogram;
    using std::chrono::microseconds;
    const auto& bounds = backends::Histogram::bounds;
    for (const auto bound : bounds) {
        histogram.add(microseconds(bound));
        histogram.add(microseconds(bound + 1));
    }
    CHECK(histogram.classes().front().get() == 1);
    for (std::size_t i = 1; i < bounds.size(); ++i) {
        CHECK(histogram.classes().at(i).get() == 2);
    }
    CHECK(histogram.classes().back().get() == 1);
    CHECK(std::is_sorted(bounds.begin(), bounds.end()));
}
