// Waits with deadlines, and how rarely they set their timer.

#include "support/coroutines.hpp"

#include <doctest/doctest.h>

using coro::Time;
using coro::Wake;
using coro::Waker;
using namespace support;

namespace {

// Counts how often a timer is set.
class CountingLoop : public PollLoop {
  public:
    std::unique_ptr<coro::Timer> make_timer(coro::Callback callback) override {
        return std::make_unique<Counting>(PollLoop::make_timer(callback), set_);
    }

    int set() const { return set_; }

  private:
    struct Counting : coro::Timer {
        Counting(std::unique_ptr<coro::Timer> timer, int& count)
            : timer(std::move(timer)), count(count) {}
        void set(Time at) noexcept override {
            ++count;
            timer->set(at);
        }
        void cancel() noexcept override { timer->cancel(); }

        std::unique_ptr<coro::Timer> timer;
        int& count;
    };

    int set_ = 0;
};

// A coroutine that waits for one deadline after the other.
struct Waiter {
    Coroutines c;
    Time deadline;
    Waker waker{};
    int ended = 0;
    Wake how{};
    bool stop = false;

    explicit Waiter(Time first) : deadline(until(first)) {
        c.start([this] {
            while (!stop) {
                waker = coro::next_wait();
                how = coro::wait(deadline);
                ++ended;
            }
        });
    }

    ~Waiter() {
        stop = true;
        c.scheduler.wake(waker);
        c.finish();
    }

    Time until(Time time) const {
        return time == coro::never ? time : c.loop.now() + time;
    }

    // Ends the present wait; the next one is until `next` from now.
    void wake(Time next) {
        deadline = until(next);
        c.scheduler.wake(waker);
        c.loop.run_once();
    }

    // Lets `time` pass; a wait that begins then is until `next`.
    void pass(Time time, Time next) {
        deadline = until(next);
        c.loop.skip(time);
        c.loop.run_turns(2);
    }
};

constexpr Time second{1000};

}  // namespace

TEST_CASE("a deadline ends a wait, and not before it has passed") {
    Coroutines c;
    const Time deadline = c.loop.now() + Time{30};
    Wake how{};
    Time ended{};

    c.start([&] {
        how = coro::wait(deadline);
        ended = c.loop.now();
    });
    CHECK(c.finish());
    CHECK(how == Wake::timeout);
    CHECK(ended >= deadline);
}

TEST_CASE("a deadline that has passed already ends a wait") {
    Coroutines c;
    Wake how{};

    c.start([&] { how = coro::wait(c.loop.now() - second); });
    CHECK(c.finish());
    CHECK(how == Wake::timeout);
}

TEST_CASE("a wait without a deadline lasts") {
    Waiter waiter(coro::never);
    waiter.pass(1'000'000 * second, coro::never);
    CHECK(waiter.ended == 0);
}

TEST_CASE("a wait that was woken is not timed out later") {
    Waiter waiter(10 * second);
    waiter.wake(coro::never);
    CHECK(waiter.ended == 1);
    CHECK(waiter.how == Wake::ready);
    waiter.pass(20 * second, coro::never);
    CHECK(waiter.ended == 1);
}

TEST_CASE("a timeout and a wake in one turn end a wait once") {
    Waiter waiter(10 * second);
    waiter.c.loop.skip(10 * second);
    waiter.wake(coro::never);
    waiter.c.loop.run_once();
    CHECK(waiter.ended == 1);
    CHECK(waiter.how == Wake::ready);
}

TEST_CASE("a later deadline is kept although the timer goes off before") {
    Waiter waiter(10 * second);
    waiter.wake(50 * second);
    CHECK(waiter.ended == 1);
    waiter.pass(20 * second, coro::never);
    CHECK(waiter.ended == 1);
    waiter.pass(29 * second, coro::never);
    CHECK(waiter.ended == 1);
    waiter.pass(second, coro::never);
    CHECK(waiter.ended == 2);
    CHECK(waiter.how == Wake::timeout);
}

TEST_CASE("an earlier deadline is kept although the timer was set late") {
    Waiter waiter(500 * second);
    waiter.wake(10 * second);
    waiter.pass(9 * second, coro::never);
    CHECK(waiter.ended == 1);
    waiter.pass(second, coro::never);
    CHECK(waiter.ended == 2);
    CHECK(waiter.how == Wake::timeout);
}

TEST_CASE("a timer that goes off between deadlines keeps the next one") {
    Waiter waiter(10 * second);
    waiter.wake(coro::never);               // the timer stays set
    waiter.pass(20 * second, coro::never);  // goes off, finds no deadline
    CHECK(waiter.ended == 1);
    waiter.wake(10 * second);
    waiter.pass(10 * second, coro::never);
    CHECK(waiter.ended == 3);
    CHECK(waiter.how == Wake::timeout);
}

TEST_CASE("the deadline of an ended coroutine does not reach its successor") {
    Coroutines c;
    Waker first{};
    Waker second_one{};

    c.start([&] {
        first = coro::next_wait();
        coro::wait(c.loop.now() + second);
    });
    c.scheduler.wake(first);
    CHECK(c.finish());

    c.start([&] {
        second_one = coro::next_wait();
        coro::wait();
    });
    REQUIRE(second_one.id == first.id);
    c.loop.skip(2 * second);
    c.loop.run_turns(2);
    CHECK(c.scheduler.waiting(second_one));

    c.scheduler.wake(second_one);
    CHECK(c.finish());
}

TEST_CASE("many waits with ever later deadlines set the timer once") {
    CountingLoop loop;
    coro::StackPool stacks;
    coro::Scheduler scheduler(loop, stacks);
    struct Shared {
        coro::Scheduler& scheduler;
        Waker waker{};
        int ended = 0;
    } shared{scheduler};

    scheduler.start({[](void* data) noexcept {
                         auto& self = *static_cast<Shared*>(data);
                         auto& loop = self.scheduler.loop();
                         for (int i = 0; i < 1000; ++i) {
                             self.waker = coro::next_wait();
                             coro::wait(loop.now() + 3600 * second);
                             ++self.ended;
                         }
                     },
                     &shared});
    for (int i = 0; i < 999; ++i) {
        scheduler.wake(shared.waker);
        loop.run_once();
    }
    CHECK(shared.ended == 999);
    CHECK(loop.set() == 1);

    scheduler.wake(shared.waker);
    CHECK(loop.run_until([&] { return scheduler.alive() == 0; }));
}

TEST_CASE("many coroutines with deadlines time out, each at its own") {
    Coroutines c;
    constexpr int n = 2000;
    int timed_out = 0;
    int early = 0;
    const Time start = c.loop.now();

    for (int i = 0; i < n; ++i) {
        const Time deadline = start + Time{(i * 7919) % n} * 10;
        c.start([&, deadline] {
            timed_out += coro::wait(deadline) == Wake::timeout;
            early += c.loop.now() < deadline;
        });
    }

    for (int i = 0; i < n / 10; ++i) {
        c.loop.skip(Time{100});
        c.loop.run_once();
    }
    CHECK(c.finish());
    CHECK(timed_out == n);
    CHECK(early == 0);
}
