// The loop's contract (coro/loop.hpp), as the poll loop keeps it. The other
// tests rely on it.

#include "support/poll_loop.hpp"
#include "support/unique_fd.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <sys/socket.h>

using coro::Time;
using namespace support;

namespace {

coro::Callback call(std::function<void()>& function) {
    return {[](void* data) noexcept {
                (*static_cast<std::function<void()>*>(data))();
            },
            &function};
}

struct SocketPair {
    UniqueFd ours;
    int theirs;  // for a watch to own

    SocketPair() {
        int ends[2];
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
        ours = UniqueFd(ends[0]);
        theirs = ends[1];
    }
};

}  // namespace

TEST_CASE("loop: a task runs once however often it was posted") {
    PollLoop loop;
    int runs = 0;
    std::function<void()> count = [&] { ++runs; };
    const auto task = loop.make_task(call(count));

    task->post();
    task->post();
    CHECK(runs == 0);
    loop.run_once();
    CHECK(runs == 1);
    loop.run_once();
    CHECK(runs == 1);
}

TEST_CASE("loop: a task that posts itself waits for the next turn") {
    PollLoop loop;
    int runs = 0;
    coro::Task* self = nullptr;
    std::function<void()> again = [&] {
        ++runs;
        self->post();
    };
    const auto task = loop.make_task(call(again));
    self = task.get();

    task->post();
    loop.run_once();
    CHECK(runs == 1);
    loop.run_once(coro::never);  // does not block
    CHECK(runs == 2);
}

TEST_CASE("loop: post_next() runs after the next turn's events") {
    PollLoop loop;
    SocketPair pair;
    std::string order;
    std::function<void()> event = [&] { order += "e"; };
    std::function<void()> note = [&] { order += "t"; };
    const auto watch = loop.watch(pair.theirs, call(event));
    const auto task = loop.make_task(call(note));

    watch->await(coro::readable);
    task->post_next();
    CHECK(write(pair.ours.get(), "x", 1) == 1);
    loop.run_once(coro::never);
    CHECK(order == "et");
}

TEST_CASE("loop: a destroyed task or timer does not run") {
    PollLoop loop;
    int runs = 0;
    std::function<void()> count = [&] { ++runs; };
    auto task = loop.make_task(call(count));
    auto timer = loop.make_timer(call(count));

    task->post();
    timer->set(loop.now());
    task.reset();
    timer.reset();
    loop.run_once();
    CHECK(runs == 0);
}

TEST_CASE("loop: a timer runs once, at its latest setting") {
    PollLoop loop;
    int runs = 0;
    std::function<void()> count = [&] { ++runs; };
    const auto timer = loop.make_timer(call(count));
    const auto start = loop.now();

    timer->set(start + Time{1000});
    timer->set(start + Time{9000});
    loop.skip(Time{5000});
    loop.run_once();
    CHECK(runs == 0);
    loop.skip(Time{5000});
    loop.run_turns(2);
    CHECK(runs == 1);

    timer->set(loop.now());
    timer->cancel();
    loop.run_once();
    CHECK(runs == 1);
}

TEST_CASE("loop: a watch tells of what was awaited, and closes its socket") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        PollLoop loop(triggered);
        SocketPair pair;
        int calls = 0;
        std::function<void()> count = [&] { ++calls; };
        auto watch = loop.watch(pair.theirs, call(count));

        watch->await(coro::readable);
        loop.run_once();
        CHECK(calls == 0);

        watch->await(coro::readable | coro::writable);
        loop.run_once();
        CHECK(calls == 1);
        CHECK(watch->take() == coro::writable);
        CHECK(watch->take() == 0);

        watch->await(coro::readable);
        CHECK(write(pair.ours.get(), "x", 1) == 1);
        loop.run_once();
        CHECK(watch->take() == coro::readable);

        watch.reset();
        char byte;
        CHECK(recv(pair.ours.get(), &byte, 1, 0) <= 0);
        CHECK(errno != EAGAIN);
    }
}

TEST_CASE("loop: who leaves bytes is told again only where that is how it is") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        PollLoop loop(triggered);
        SocketPair pair;
        int calls = 0;
        std::function<void()> count = [&] { ++calls; };
        auto watch = loop.watch(pair.theirs, call(count));

        watch->await(coro::readable);
        CHECK(write(pair.ours.get(), "x", 1) == 1);
        loop.run_turns(3);
        CHECK(calls == 1);  // nor does a watch that nobody awaits spin
        watch->await(coro::readable);
        loop.run_turns(3);
        CHECK(calls == (triggered == Triggered::edge ? 1 : 2));
    }
}

TEST_CASE("loop: an end that comes with bytes is told with them") {
    for (const auto triggered : {Triggered::edge, Triggered::level}) {
        PollLoop loop(triggered);
        SocketPair pair;
        std::function<void()> nothing = [] {};
        auto watch = loop.watch(pair.theirs, call(nothing));

        watch->await(coro::readable);
        CHECK(write(pair.ours.get(), "x", 1) == 1);
        pair.ours.reset();
        loop.run_once();
        CHECK((watch->take() & coro::readable) != 0);
        loop.run_turns(3);
        CHECK(watch->take() == 0);
        watch->await(coro::readable);
        loop.run_once();
        CHECK((watch->take() != 0) == (triggered == Triggered::level));
    }
}

TEST_CASE("loop: a socket is refused while there is no room") {
    PollLoop loop;
    SocketPair pair;
    std::function<void()> nothing = [] {};
    auto watch = loop.watch(pair.theirs, call(nothing));

    loop.refuse(true);
    CHECK_FALSE(watch->await(coro::readable));
    loop.refuse(false);
    CHECK(watch->await(coro::readable));
    loop.refuse(true);
    CHECK(watch->await(coro::readable | coro::writable));
}

TEST_CASE("loop: a watch may be destroyed by an earlier one's callback") {
    PollLoop loop;
    SocketPair first;
    SocketPair second;
    int calls = 0;
    std::unique_ptr<coro::Watch> a;
    std::unique_ptr<coro::Watch> b;
    std::function<void()> close_both = [&] {
        ++calls;
        a.reset();
        b.reset();
    };
    a = loop.watch(first.theirs, call(close_both));
    b = loop.watch(second.theirs, call(close_both));

    a->await(coro::writable);
    b->await(coro::writable);
    loop.run_once();
    CHECK(calls == 1);
}
