// When gathered items are handled: after a turn that brought nothing more.

#include "backends/gather.hpp"
#include "support/poll_loop.hpp"

#include <doctest/doctest.h>

using backends::Gather;
using support::PollLoop;

namespace {

struct Counting {
    PollLoop loop;
    int done = 0;
    Gather gather{
        loop, {[](void* done) noexcept { ++*static_cast<int*>(done); }, &done}};
};

}  // namespace

TEST_CASE("gather: nothing added, nothing done") {
    Counting x;
    x.loop.run_turns(5);
    CHECK(x.done == 0);
}

TEST_CASE("gather: one is done within two turns, which do not block") {
    Counting x;
    for (int i = 1; i <= 5; ++i) {
        x.gather.add(false);
        CHECK(x.done == i - 1);  // not at once
        x.loop.run_once(coro::never);
        x.loop.run_turns(1);
        CHECK(x.done == i);
        x.loop.run_turns(5);
        CHECK(x.done == i);
    }
}

TEST_CASE("gather: many are done with together") {
    Counting x;
    for (int i = 0; i < 1000; ++i) {
        x.gather.add(false);
    }
    x.loop.run_turns(5);
    CHECK(x.done == 1);
}

TEST_CASE("gather: what is urgent waits for the end of the turn only") {
    Counting x;
    for (int i = 1; i <= 5; ++i) {
        x.gather.add(false);
        x.gather.add(true);
        x.gather.add(false);
        CHECK(x.done == i - 1);
        x.loop.run_once(coro::never);
        CHECK(x.done == i);
    }
    x.gather.add(false);  // nothing is urgent any more
    x.loop.run_once();
    CHECK(x.done == 5);
}

TEST_CASE("gather: while there are always more they do not wait for long") {
    Counting x;
    CHECK(x.loop.run_until([&] {
        x.gather.add(false);
        return x.done == 10;
    }));
}
