// Starting, suspending and resuming coroutines.

#include "support/coroutines.hpp"

#include <algorithm>
#include <cerrno>
#include <doctest/doctest.h>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using coro::Waker;
using support::Coroutines;
using namespace std::chrono_literals;

TEST_CASE("start() runs a coroutine up to its first wait") {
    Coroutines c;
    Waker waker{};
    std::string order;

    CHECK_FALSE(coro::in_coroutine());
    CHECK(c.start([&] {
        CHECK(coro::in_coroutine());
        order += "a";
        waker = coro::next_wait();
        coro::wait();
        order += "c";
    }));
    CHECK_FALSE(coro::in_coroutine());
    order += "b";
    CHECK(c.scheduler.alive() == 1);

    c.scheduler.wake(waker);
    CHECK(c.finish());
    CHECK(order == "abc");
}

TEST_CASE("a coroutine that never waits ends in start()") {
    Coroutines c;
    bool ran = false;

    CHECK(c.start([&] { ran = true; }));
    CHECK(ran);
    CHECK(c.scheduler.alive() == 0);
}

TEST_CASE("waking never resumes inline, from the loop or a coroutine") {
    Coroutines c;
    Waker waker{};
    std::string order;

    c.start([&] {
        for (int i = 0; i < 2; ++i) {
            waker = coro::next_wait();
            coro::wait();
            order += "sleeper ";
        }
    });

    c.scheduler.wake(waker);
    order += "loop ";
    CHECK(c.loop.run_until([&] { return order.ends_with("sleeper "); }));

    c.start([&] {
        c.scheduler.wake(waker);
        order += "waker ";
    });
    CHECK(c.finish());
    CHECK(order == "loop sleeper waker sleeper ");
}

TEST_CASE("the woken run in the order of their waking") {
    Coroutines c;
    std::vector<Waker> wakers(100);
    std::vector<std::size_t> woken;
    std::vector<std::size_t> ran;

    for (std::size_t i = 0; i < wakers.size(); ++i) {
        c.start([&, i] {
            wakers[i] = coro::next_wait();
            coro::wait();
            ran.push_back(i);
        });
        woken.push_back(i);
    }

    std::shuffle(woken.begin(), woken.end(), std::mt19937(7));
    for (const auto i : woken) {
        c.scheduler.wake(wakers[i]);
    }
    CHECK(c.finish());
    CHECK(ran == woken);
}

TEST_CASE("many thousand coroutines wait at once and keep their frames") {
    constexpr std::size_t n = 10'000;
    constexpr std::size_t rounds = 5;
    Coroutines c;
    std::vector<Waker> wakers(n);
    std::vector<std::size_t> turns(n);
    std::size_t broken = 0;

    for (std::size_t i = 0; i < n; ++i) {
        CHECK(c.start([&, i] {
            volatile std::size_t local[64];
            std::fill(std::begin(local), std::end(local), i);
            for (std::size_t round = 0; round < rounds; ++round) {
                wakers[i] = coro::next_wait();
                coro::wait();
                ++turns[i];
                broken += std::count(std::begin(local), std::end(local), i) !=
                          std::ssize(local);
            }
        }));
    }
    CHECK(c.scheduler.alive() == n);

    std::mt19937 random(42);
    for (std::size_t round = 0; round < rounds; ++round) {
        std::shuffle(wakers.begin(), wakers.end(), random);
        for (const Waker waker : std::vector<Waker>(wakers)) {
            c.scheduler.wake(waker);
        }
        // each writes its next waker where it belongs
        CHECK(c.loop.run_until([&] {
            return std::count(turns.begin(), turns.end(), round + 1) == n;
        }));
    }

    CHECK(c.finish());
    CHECK(broken == 0);
    CHECK(c.stacks.mapped() == n);
}

TEST_CASE("coroutines pass a token round in a ring") {
    constexpr std::size_t n = 1000;
    Coroutines c;
    std::vector<Waker> wakers(n);
    std::size_t passed = 0;

    for (std::size_t i = 0; i < n; ++i) {
        c.start([&, i] {
            for (int lap = 0; lap < 10; ++lap) {
                wakers[i] = coro::next_wait();
                coro::wait();
                CHECK(passed++ % n == i);
                c.scheduler.wake(wakers[(i + 1) % n]);
            }
        });
    }

    c.scheduler.wake(wakers[0]);
    CHECK(c.finish());
    CHECK(passed == 10 * n);
}

TEST_CASE("a coroutine starts another, which runs up to its first wait") {
    Coroutines c;
    Waker outer{};
    Waker inner{};
    std::string order;

    c.start([&] {
        outer = coro::next_wait();
        order += "outer ";
        c.start([&] {
            inner = coro::next_wait();
            CHECK(inner.id != outer.id);
            order += "inner ";
            coro::wait();
            order += "inner again ";
        });
        CHECK(coro::next_wait().id == outer.id);
        coro::wait();
        order += "outer again ";
    });
    CHECK(order == "outer inner ");

    SUBCASE("the inner one ends first") {
        c.scheduler.wake(inner);
        c.scheduler.wake(outer);
        CHECK(c.finish());
        CHECK(order == "outer inner inner again outer again ");
    }
    SUBCASE("the outer one ends first") {
        c.scheduler.wake(outer);
        CHECK(c.loop.run_until([&] { return c.scheduler.alive() == 1; }));
        c.scheduler.wake(inner);
        CHECK(c.finish());
        CHECK(order == "outer inner outer again inner again ");
    }
}

TEST_CASE("deeply nested starts return in order") {
    Coroutines c;
    int depth = 0;
    std::function<void()> deeper = [&] {
        const int mine = ++depth;
        if (mine < 200) {
            c.start(deeper);
        }
        CHECK(c.scheduler.alive() == static_cast<std::size_t>(mine));
    };

    CHECK(c.start(deeper));
    CHECK(depth == 200);
    CHECK(c.scheduler.alive() == 0);
}

TEST_CASE("errno is a coroutine's own across a wait") {
    Coroutines c;
    Waker waker{};

    c.start([&] {
        errno = E2BIG;
        waker = coro::next_wait();
        coro::wait();
        CHECK(errno == E2BIG);
    });
    errno = EDOM;
    c.scheduler.wake(waker);
    c.loop.run_until([&] {
        errno = ERANGE;
        return c.scheduler.alive() == 0;
    });
    CHECK(c.scheduler.alive() == 0);
}

TEST_CASE("exceptions stay within their coroutine, between waits") {
    Coroutines c;
    constexpr int n = 50;
    std::vector<Waker> wakers(n);
    int caught = 0;

    for (int i = 0; i < n; ++i) {
        c.start([&, i] {
            for (int round = 0; round < 3; ++round) {
                try {
                    wakers[i] = coro::next_wait();
                    coro::wait();
                    throw std::runtime_error(std::to_string(i));
                } catch (const std::runtime_error& error) {
                    caught += error.what() == std::to_string(i);
                }
            }
        });
    }

    for (int round = 0; round < 3; ++round) {
        for (const Waker waker : wakers) {
            c.scheduler.wake(waker);
        }
        c.loop.run_until([&] { return caught == (round + 1) * n; });
    }
    CHECK(c.finish());
    CHECK(caught == 3 * n);
}

TEST_CASE("a suspended coroutine holds what it has") {
    Coroutines c;
    const auto shared = std::make_shared<int>();
    Waker waker{};

    c.start([&] {
        auto local = shared;
        waker = coro::next_wait();
        coro::wait();
        local.reset();
    });
    CHECK(shared.use_count() == 2);
    c.scheduler.wake(waker);
    CHECK(c.finish());
    CHECK(shared.use_count() == 1);
}

TEST_CASE("stacks that are idle for long are given back, each in its time") {
    Coroutines c;
    const auto begin = c.loop.now();
    for (const auto end : {0s, 5s}) {
        c.start([&, end] { coro::wait(begin + end + 1ms); });
    }
    const auto pass = [&](coro::Time time) {
        c.loop.skip(time);
        c.loop.run_turns(5);
    };
    CHECK(c.stacks.mapped() == 2);
    pass(1s);
    pass(5s);
    CHECK(c.scheduler.alive() == 0);
    CHECK(c.stacks.idle() == 2);
    // The first one is idle for ten seconds, and then nothing happens.
    pass(6s);
    CHECK(c.stacks.mapped() == 1);
    pass(11s);
    CHECK(c.stacks.mapped() == 0);
}
