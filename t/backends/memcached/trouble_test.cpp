// A memcached that goes away, comes back, or no longer answers.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr coro::Time timeout{60'000};

struct One {
    MemcachedServer memcached;
    TestStore s;

    explicit One(coro::Time interval = 50ms)
        : s({store_server(memcached)}, options(interval)) {
        REQUIRE(s.connects());
        s.put("key", "value");
    }

    static backends::Options options(coro::Time interval) {
        auto result = store_options();
        result.interval = interval;
        result.timeout = timeout;
        return result;
    }

    // Fetches of which some are sent, while the others wait for their turn.
    std::vector<std::shared_ptr<TestStore::Fetch>> waiting(int count) {
        std::vector<std::shared_ptr<TestStore::Fetch>> fetches;
        for (int i = 0; i < count; ++i) {
            fetches.push_back(s.begin_fetch("key"));
            if (i == count / 2) {
                s.loop.run_turns(5);
            }
        }
        s.loop.run_turns(5);
        for (const auto& fetch : fetches) {
            CHECK_FALSE(fetch->done);
        }
        return fetches;
    }

    bool ends() {
        return s.loop.run_until([&] { return s.scheduler.alive() == 0; });
    }
};

void check_released(
    const std::vector<std::shared_ptr<TestStore::Fetch>>& fetches,
    Status status) {
    for (const auto& fetch : fetches) {
        CHECK(fetch->done);
        CHECK(fetch->result.status == status);
    }
}

}  // namespace

TEST_CASE("memcached frozen: whoever waits is released after the timeout") {
    One x;
    x.memcached.freeze();
    const auto fetches = x.waiting(500);

    // and meanwhile the loop goes on
    int ticks = 0;
    x.s.start([&] {
        for (; ticks < 10; ++ticks) {
            coro::wait(x.s.loop.now() + 1ms);
        }
    });
    CHECK(x.s.loop.run_until([&] { return ticks == 10; }));
    CHECK_FALSE(fetches.front()->done);

    x.s.loop.skip(timeout);
    CHECK(x.s.logs("connection lost: get timed out"));
    CHECK(x.s.loop.run_until([&] { return fetches.back()->done; }));
    check_released(fetches, Status::timeout);
    CHECK(x.s.at_once(Status::down));
    CHECK(x.s.store().store("key", "x", 60s) == Status::down);

    x.memcached.thaw();
    CHECK(x.s.connects(2));
    CHECK(x.s.fetch("key").value == "value");
    CHECK(x.s.logged("[error]") == 2);  // one for the recovery
}

TEST_CASE("memcached frozen: without traffic it is noticed too") {
    One x;
    x.memcached.freeze();
    x.s.loop.run_until([] { return false; }, 100ms);  // a PING is sent
    x.s.loop.skip(timeout);
    CHECK(x.s.logs("connection lost: get timed out"));
    CHECK(x.s.at_once(Status::down));
    x.memcached.thaw();
    CHECK(x.s.connects(2));
}

TEST_CASE("memcached frozen: it takes connections, but is not up") {
    MemcachedServer memcached;
    memcached.freeze();
    TestStore s({store_server(memcached)}, One::options(50ms));
    s.loop.run_turns(10);
    s.loop.skip(timeout);
    CHECK(s.logs("unavailable: version timed out"));
    CHECK(s.at_once(Status::down));
    memcached.thaw();
    CHECK(s.connects());
    CHECK(s.fetch("key").status == Status::miss);
}

TEST_CASE("memcached frozen: sets that its socket does not take") {
    One x;
    x.memcached.freeze();
    for (int i = 0; i < 200; ++i) {
        CHECK(x.s.store().store("key", std::string(64 * 1024, 'x'), 60s) ==
              Status::queued);
    }
    x.s.loop.run_turns(10);
    const auto fetch = x.s.begin_fetch("key");
    x.s.loop.skip(timeout);
    CHECK(x.s.logs("connection lost: set timed out"));
    CHECK(x.s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    x.memcached.thaw();
    CHECK(x.s.connects(2));
    x.s.put("key", "new");
    CHECK(x.s.fetch("key").value == "new");
}

TEST_CASE("memcached killed: on restart it is back, and empty") {
    One x;
    for (std::size_t time = 1; time <= 3; ++time) {
        x.s.put("key", "value");
        CHECK(x.s.fetch("key").value == "value");
        x.memcached.kill9();
        CHECK(x.s.logs("connection lost", time));
        CHECK(x.s.at_once(Status::down));
        x.memcached.start();
        CHECK(x.s.connects(time + 1));
        CHECK(x.s.fetch("key").status == Status::miss);
    }
}

TEST_CASE("memcached killed: whoever waits is released") {
    One x;
    x.memcached.freeze();
    const auto fetches = x.waiting(100);
    x.memcached.kill9();
    CHECK(x.s.loop.run_until([&] { return fetches.back()->done; }));
    check_released(fetches, Status::down);
    x.memcached.start();
    CHECK(x.s.connects(2));
}

TEST_CASE("memcached killed: restarted between a set and a get") {
    One x(1h);  // no PING notices it
    x.memcached.kill9();
    x.memcached.start();
    const auto fetched = x.s.fetch("key");
    CHECK(fetched.status == Status::down);
    CHECK(x.s.logged("connection lost") == 1);
    x.s.loop.skip(1h);
    CHECK(x.s.connects(2));
    CHECK(x.s.fetch("key").status == Status::miss);
}

TEST_CASE("memcached killed: down from the start") {
    MemcachedServer memcached;
    memcached.kill9();
    TestStore s({store_server(memcached)});
    CHECK(s.logs("unavailable: "));
    for (int i = 0; i < 20; ++i) {
        s.loop.skip(1s);
        s.loop.run_turns(5);
        CHECK(s.at_once(Status::down));
    }
    CHECK(count_lines(s.log(), "") == 1);

    memcached.start();
    CHECK(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("memcached killed: a port on which nobody listens") {
    const ReservedPort dead;
    TestStore s({store_server(store_address(dead.address()))});
    CHECK(s.logs("memcached " + dead.address().text() + ": unavailable: "));
    for (int i = 0; i < 20; ++i) {
        s.loop.skip(1s);
        s.loop.run_turns(5);
    }
    CHECK(count_lines(s.log(), "") == 1);
}

TEST_CASE("memcached close: of an idle store") {
    One x(1h);
    x.s.store().close();
    CHECK(x.ends());
    CHECK(x.s.at_once(Status::down));
    x.s.store().close();
    CHECK(x.s.logged("[error]") == 0);
}

TEST_CASE("memcached close: while fetches wait") {
    One x(1h);
    x.memcached.freeze();
    const auto fetches = x.waiting(500);
    x.s.store().close();
    CHECK_FALSE(fetches.front()->done);  // woken, but not run yet
    CHECK(x.ends());
    check_released(fetches, Status::down);
    CHECK(x.s.logged("[error]") == 0);
    x.memcached.thaw();
}

TEST_CASE("memcached close: what is queued still reaches the server") {
    One x(1h);
    // It answers 20 at a time (-R), and drops the rest when it cannot answer.
    for (int i = 0; i < 20; ++i) {
        CHECK(x.s.store().store("key" + std::to_string(i), "x", 60s) ==
              Status::queued);
    }
    x.s.store().close();
    CHECK(x.ends());
    CHECK(eventually(
        [&] { return x.memcached.client().stat("curr_items") == "21"; }));
}

TEST_CASE("memcached close: while it is not connected") {
    const TempDir dir;
    auto options = store_options();
    options.interval = 1h;
    TestStore s({store_server(store_address(dir.path() / "none"))}, options);
    CHECK(s.logs("unavailable"));
    s.store().close();
    s.loop.run_turns(5);
    CHECK(s.scheduler.alive() == 0);
}

TEST_CASE("memcached close: while it connects") {
    Peer peer;  // which accepts the connection and says nothing
    TestStore s({store_server(store_address(peer))}, One::options(1h));
    REQUIRE(s.loop.run_until([&] { return peer.accept(); }));
    s.store().close();
    s.loop.run_turns(5);
    CHECK(s.scheduler.alive() == 0);
    CHECK(peer.closed());
    CHECK(s.log().empty());
}

TEST_CASE("memcached close: while the server takes no more bytes") {
    One x(1h);
    x.memcached.freeze();
    for (int i = 0; i < 200; ++i) {
        x.s.store().store("key", std::string(64 * 1024, 'x'), 60s);
    }
    x.s.loop.run_turns(5);
    x.s.store().close();
    CHECK(x.ends());
    x.memcached.thaw();
}

TEST_CASE("memcached cancel: a cancelled fetch ends, and hurts nobody") {
    One x;
    x.s.put("other", "value of other");
    x.memcached.freeze();
    const auto fetch = x.s.begin_fetch("key");
    x.s.loop.run_turns(5);
    x.s.scheduler.wake(fetch->waker, coro::Wake::cancelled);
    x.s.loop.run_once();
    CHECK(fetch->done);
    CHECK(fetch->result.status == Status::cancelled);

    x.memcached.thaw();
    CHECK(x.s.fetch("other").value == "value of other");
    CHECK(fetch->result.value.empty());
    CHECK(x.s.logged("[error]") == 0);
}

TEST_CASE("memcached cancel: the late answer is not the next fetch's") {
    One x;
    x.s.put("other", "value of other");
    x.memcached.freeze();
    backends::Fetched first;
    backends::Fetched second;
    coro::Waker waker{};
    bool done = false;
    x.s.start([&] {
        waker = coro::next_wait();
        first = x.s.store().fetch("key");
        second = x.s.store().fetch("other");  // in the very same stack frame
        done = true;
    });
    x.s.loop.run_turns(5);
    x.s.scheduler.wake(waker, coro::Wake::cancelled);
    x.s.loop.run_turns(5);
    CHECK(first.status == Status::cancelled);
    CHECK_FALSE(done);

    x.memcached.thaw();
    CHECK(x.s.loop.run_until([&] { return done; }));
    CHECK(first.value.empty());
    CHECK(second.status == Status::hit);
    CHECK(second.value == "value of other");
}
