// Cancelled fetches, and their answers, which arrive all the same.

#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Status;
using coro::Wake;
using namespace support;

namespace {

struct Frozen {
    RedisServer redis;
    TestStore s{store_options(redis)};

    Frozen() {
        REQUIRE(s.connects());
        s.put("a", "value of a");
        s.put("b", "value of b");
        redis.freeze();
    }
};

}  // namespace

TEST_CASE("redis cancel: a cancelled fetch ends at once, as unavailable") {
    Frozen f;
    const auto fetch = f.s.begin_fetch("a");
    f.s.scheduler.wake(fetch->waker, Wake::cancelled);
    f.s.loop.run_once();
    CHECK(fetch->done);
    CHECK(fetch->result.status == Status::cancelled);

    f.redis.thaw();
    CHECK(f.s.fetch("b").value == "value of b");
    CHECK(f.s.logged("[error]") == 0);
}

TEST_CASE("redis cancel: the late answer is not the next fetch's") {
    Frozen f;
    backends::Fetched first;
    backends::Fetched second;
    coro::Waker waker{};
    bool done = false;
    f.s.start([&] {
        waker = coro::next_wait();
        first = f.s.store().fetch("a");
        second = f.s.store().fetch("b");  // in the very same stack frame
        done = true;
    });

    f.s.scheduler.wake(waker, Wake::cancelled);
    f.s.loop.run_turns(5);
    CHECK(first.status == Status::cancelled);
    CHECK_FALSE(done);

    f.redis.thaw();
    CHECK(f.s.loop.run_until([&] { return done; }));
    CHECK(first.value.empty());
    CHECK(second.status == Status::hit);
    CHECK(second.value == "value of b");
}

TEST_CASE("redis cancel: the late answer hurts no other coroutine") {
    Frozen f;
    const auto cancelled = f.s.begin_fetches(200, "a");
    for (const auto& fetch : cancelled) {
        f.s.scheduler.wake(fetch->waker, Wake::cancelled);
    }
    CHECK(f.s.loop.run_until([&] { return f.s.scheduler.alive() == 1; }));

    // other coroutines, on the same stacks and with the same IDs
    int right = 0;
    std::vector<coro::Waker> elsewhere;
    for (int i = 0; i < 200; ++i) {
        f.s.start([&, i] {
            if (i % 2) {
                right += f.s.store().fetch("b").value == "value of b";
                return;
            }
            std::string local(100, 'x');
            elsewhere.push_back(coro::next_wait());
            right += coro::wait() == Wake::cancelled;
            right += local == std::string(100, 'x');
        });
    }

    f.redis.thaw();
    CHECK(f.s.fetch("b").value == "value of b");
    CHECK(right == 100);
    for (const coro::Waker waker : elsewhere) {
        CHECK(f.s.scheduler.waiting(waker));
        f.s.scheduler.wake(waker, Wake::cancelled);
    }
    CHECK(f.s.loop.run_until([&] { return f.s.scheduler.alive() == 1; }));
    CHECK(right == 300);
}

TEST_CASE("redis cancel: a fetch cancelled before it begins") {
    RedisServer redis;
    TestStore s(store_options(redis));
    REQUIRE(s.connects());
    s.put("a", "value of a");
    Status status{};

    s.start([&] {
        s.scheduler.wake(coro::next_wait(), Wake::cancelled);
        status = s.store().fetch("a").status;
    });
    CHECK(status == Status::cancelled);
    CHECK(s.fetch("a").value == "value of a");
}

TEST_CASE("redis cancel: a cancelled fetch keeps its place in the queue") {
    RedisServer redis;
    auto options = store_options(redis);
    options.count = 1;
    options.interval = std::chrono::hours(1);
    TestStore s(options);
    REQUIRE(s.connects());
    redis.freeze();

    const auto fetch = s.begin_fetch("a");
    s.scheduler.wake(fetch->waker, Wake::cancelled);
    s.loop.run_once();
    CHECK(fetch->done);
    CHECK(s.at_once(Status::busy));  // its answer is still to come
    redis.thaw();
    CHECK(
        s.loop.run_until([&] { return s.fetch("a").status == Status::miss; }));
}

TEST_CASE("redis cancel: the connection of a cancelled fetch is lost") {
    Frozen f;
    const auto fetch = f.s.begin_fetch("a");
    f.s.scheduler.wake(fetch->waker, Wake::cancelled);
    f.s.loop.run_once();

    coro::Waker other{};
    f.s.start([&] {
        other = coro::next_wait();
        coro::wait();
    });
    f.redis.kill9();
    CHECK(f.s.logs("connection lost"));
    f.s.loop.run_once();
    CHECK(f.s.scheduler.waiting(other));
    f.s.scheduler.wake(other);
    CHECK(f.s.loop.run_until([&] { return f.s.scheduler.alive() == 1; }));
}
