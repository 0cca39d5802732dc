// Which wait a waker ends: one, once, and no other.

#include "support/coroutines.hpp"

#include <doctest/doctest.h>
#include <vector>

using coro::Wake;
using coro::Waker;
using support::Coroutines;

TEST_CASE("a wake before its wait begins lets that wait return at once") {
    Coroutines c;
    Wake how{};
    bool returned = false;

    c.start([&] {
        c.scheduler.wake(coro::next_wait(), Wake::cancelled);
        how = coro::wait();
        returned = true;
    });
    CHECK(returned);  // without a turn of the loop
    CHECK(how == Wake::cancelled);
}

TEST_CASE("a wake before its wait begins ends just that wait") {
    Coroutines c;
    Waker second{};

    c.start([&] {
        c.scheduler.wake(coro::next_wait());
        coro::wait();
        second = coro::next_wait();
        coro::wait();
    });
    c.loop.run_once();
    CHECK(c.scheduler.waiting(second));
    c.scheduler.wake(second);
    CHECK(c.finish());
}

TEST_CASE("of two wakes the first counts") {
    Coroutines c;
    Waker waker{};
    std::vector<Wake> seen;

    c.start([&] {
        for (int i = 0; i < 2; ++i) {
            waker = coro::next_wait();
            seen.push_back(coro::wait());
        }
    });

    c.scheduler.wake(waker, Wake::ready);
    c.scheduler.wake(waker, Wake::cancelled);
    c.loop.run_turns(2);
    CHECK(seen == std::vector{Wake::ready});

    c.scheduler.wake(waker, Wake::cancelled);
    c.scheduler.wake(waker, Wake::ready);
    CHECK(c.finish());
    CHECK(seen == std::vector{Wake::ready, Wake::cancelled});
}

TEST_CASE("a wake before the wait and one within it: the first counts") {
    Coroutines c;
    Wake how{};

    c.start([&] {
        c.scheduler.wake(coro::next_wait(), Wake::ready);
        c.scheduler.wake(coro::next_wait(), Wake::cancelled);
        how = coro::wait();
    });
    CHECK(c.finish());
    CHECK(how == Wake::ready);
}

TEST_CASE("a late wake of an earlier wait finds nothing") {
    Coroutines c;
    Waker first{};
    Waker second{};

    c.start([&] {
        first = coro::next_wait();
        coro::wait();
        second = coro::next_wait();
        coro::wait();
    });
    c.scheduler.wake(first);
    c.loop.run_once();
    CHECK(c.scheduler.waiting(second));

    c.scheduler.wake(first);
    c.loop.run_once();
    CHECK(c.scheduler.waiting(second));

    c.scheduler.wake(second);
    CHECK(c.finish());
}

TEST_CASE("a late wake finds nothing while its coroutine runs") {
    Coroutines c;
    Waker first{};
    Waker second{};

    c.start([&] {
        first = coro::next_wait();
        coro::wait();
        c.scheduler.wake(first, Wake::cancelled);
        second = coro::next_wait();
        CHECK(coro::wait() == Wake::ready);
    });
    c.scheduler.wake(first);
    c.loop.run_once();
    CHECK(c.scheduler.waiting(second));
    c.scheduler.wake(second);
    CHECK(c.finish());
}

TEST_CASE("the wakers of an ended coroutine do not reach its successor") {
    Coroutines c;
    std::vector<Waker> old;
    Waker present{};

    c.start([&] {
        old.push_back(coro::next_wait());
        coro::wait();
        old.push_back(coro::next_wait());  // named, never waited for
    });
    c.scheduler.wake(old.front());
    CHECK(c.finish());

    // woken ahead of a wait that never came
    c.start([&] {
        old.push_back(coro::next_wait());
        c.scheduler.wake(old.back());
    });
    for (const Waker waker : old) {
        c.scheduler.wake(waker);
    }

    c.start([&] {
        present = coro::next_wait();
        coro::wait();
    });
    REQUIRE(present.id == old.front().id);  // the same place
    for (const Waker waker : old) {
        c.scheduler.wake(waker);
    }
    c.loop.run_once();
    CHECK(c.scheduler.waiting(present));

    c.scheduler.wake(present);
    CHECK(c.finish());
}

TEST_CASE("a waker of nobody wakes nobody") {
    Coroutines c;
    c.scheduler.wake({12345, 0});
    CHECK_FALSE(c.scheduler.waiting({12345, 0}));
    c.loop.run_once();
    CHECK(c.scheduler.alive() == 0);
}

TEST_CASE("waiting() tells whether that very wait lasts") {
    Coroutines c;
    Waker waker{};

    c.start([&] {
        waker = coro::next_wait();
        CHECK_FALSE(c.scheduler.waiting(waker));
        coro::wait();
        CHECK_FALSE(c.scheduler.waiting(waker));
    });
    CHECK(c.scheduler.waiting(waker));
    CHECK_FALSE(c.scheduler.waiting({waker.id, waker.epoch + 1}));

    c.scheduler.wake(waker);
    CHECK_FALSE(c.scheduler.waiting(waker));  // woken, not resumed yet
    CHECK(c.finish());
    CHECK_FALSE(c.scheduler.waiting(waker));
}

TEST_CASE("a cancelled coroutine returns through its frames") {
    Coroutines c;
    Waker waker{};
    bool unwound = false;

    c.start([&] {
        const std::shared_ptr<void> local(nullptr,
                                          [&](void*) { unwound = true; });
        waker = coro::next_wait();
        CHECK(coro::wait() == Wake::cancelled);
    });
    c.scheduler.wake(waker, Wake::cancelled);
    CHECK_FALSE(unwound);
    CHECK(c.finish());
    CHECK(unwound);
}
