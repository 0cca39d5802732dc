// However busy the coroutines keep each other, the loop goes on.

#include "support/coroutines.hpp"
#include "support/unique_fd.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

using coro::Wake;
using coro::Waker;
using namespace support;

namespace {

constexpr int plenty = 10'000'000;

// Two coroutines that wake each other until they are told to stop.
struct PingPong {
    Coroutines& c;
    Waker wakers[2]{};
    int rounds = 0;
    bool stop = false;

    explicit PingPong(Coroutines& c) : c(c) {
        for (int i = 0; i < 2; ++i) {
            c.start([this, i] { play(i); });
        }
        c.scheduler.wake(wakers[0]);
    }

    void play(int i) {
        while (!stop && rounds < plenty) {
            wakers[i] = coro::next_wait();
            coro::wait();
            ++rounds;
            c.scheduler.wake(wakers[1 - i]);
        }
        c.scheduler.wake(wakers[1 - i]);
    }
};

}  // namespace

TEST_CASE("coroutines that wake each other do not keep a timer waiting") {
    Coroutines c;
    PingPong game(c);

    c.start([&] {
        CHECK(coro::wait(c.loop.now() + coro::Time{20}) == Wake::timeout);
        game.stop = true;
    });
    CHECK(c.finish());
    CHECK(game.rounds > 2);
    CHECK(game.rounds < plenty);
}

TEST_CASE("coroutines that wake each other do not keep a socket waiting") {
    Coroutines c;
    PingPong game(c);
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    const UniqueFd ours(ends[0]);
    const auto watch = c.loop.watch(
        ends[1],
        {[](void* data) noexcept { static_cast<PingPong*>(data)->stop = true; },
         &game});

    watch->await(coro::readable);
    REQUIRE(write(ours.get(), "x", 1) == 1);
    CHECK(c.finish());
    CHECK(game.rounds < plenty);
}

TEST_CASE("whom the woken wake goes on in the same turn") {
    Coroutines c;
    Waker first{};
    Waker second{};
    Waker third{};
    int ran = 0;

    c.start([&] {
        first = coro::next_wait();
        coro::wait();
        ran = 1;
        c.scheduler.wake(second);
    });
    c.start([&] {
        second = coro::next_wait();
        coro::wait();
        ran = 2;
        c.scheduler.wake(third);
    });
    c.start([&] {
        third = coro::next_wait();
        coro::wait();
        ran = 3;
    });

    c.scheduler.wake(first);
    c.loop.run_once();
    CHECK(ran == 3);
    CHECK(c.finish());
}

namespace {

// `count` coroutines that wait, and then compute for a millisecond each.
struct Crowd {
    static constexpr int count = 20;

    Coroutines& c;
    std::vector<Waker> wakers{};
    int ran = 0;

    explicit Crowd(Coroutines& c) : c(c) {
        for (int i = 0; i < count; ++i) {
            c.start([this] {
                wakers.push_back(coro::next_wait());
                coro::wait();
                compute(Milliseconds{1});
                ++ran;
            });
        }
    }

    void release() {
        for (const auto& waker : wakers) {
            c.scheduler.release(waker);
        }
    }

    static void compute(Clock::duration time) {
        const auto end = Clock::now() + time;
        while (Clock::now() < end) {
        }
    }
};

}  // namespace

TEST_CASE("many who are woken at a time leave the loop its turns") {
    Coroutines c;
    Crowd crowd(c);
    for (const auto& waker : crowd.wakers) {
        c.scheduler.wake(waker);
    }
    c.loop.run_once();
    CHECK(crowd.ran > 0);
    CHECK(crowd.ran < Crowd::count);
    CHECK(c.finish());
    CHECK(crowd.ran == Crowd::count);
}

TEST_CASE("who is released goes on alone") {
    Coroutines c;
    Crowd crowd(c);
    crowd.release();
    for (int turns = 1; crowd.ran < Crowd::count; ++turns) {
        c.loop.run_once();
        REQUIRE(crowd.ran <= turns);
    }
    CHECK(c.finish());
}

TEST_CASE("who is released goes after the woken") {
    Coroutines c;
    std::string order;
    Waker released{};
    Waker woken{};
    c.start([&] {
        released = coro::next_wait();
        CHECK(coro::wait() == Wake::ready);
        order += "released ";
    });
    c.start([&] {
        woken = coro::next_wait();
        coro::wait();
        order += "woken ";
    });
    c.scheduler.release(released);
    c.scheduler.wake(woken);
    c.scheduler.release(released);  // once is enough
    CHECK(c.finish());
    CHECK(order == "woken released ");
}

TEST_CASE("a loop that is never idle serves the released at intervals") {
    struct Busy {
        std::unique_ptr<coro::Task> task;
        bool stop = false;

        void run() const {
            Crowd::compute(std::chrono::microseconds{200});
            if (!stop) {
                task->post();
            }
        }
    };
    Coroutines c;
    Crowd crowd(c);
    Busy busy;
    busy.task = c.loop.make_task(
        {[](void* data) noexcept { static_cast<Busy*>(data)->run(); }, &busy});
    busy.task->post();
    const auto begin = Clock::now();
    crowd.release();
    CHECK(c.loop.run_until([&] { return crowd.ran == Crowd::count; }));
    CHECK(Clock::now() - begin >= (Crowd::count - 1) * Milliseconds{5});
    busy.stop = true;
    CHECK(c.finish());
}
