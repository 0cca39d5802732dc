// Stacks: reuse, and memory that goes back.

#include "support/coroutines.hpp"
#include "support/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <sstream>
#include <sys/mman.h>
#include <vector>

using coro::Stack;
using coro::StackPool;
using coro::Time;
using support::Coroutines;

namespace {

// The access rights of the mapping that holds `address`, as /proc shows them.
std::string rights(const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    std::istringstream maps(support::read_file("/proc/self/maps"));

    for (std::string line; std::getline(maps, line);) {
        char* rest = nullptr;
        const auto begin = std::strtoull(line.c_str(), &rest, 16);
        const auto end = std::strtoull(rest + 1, nullptr, 16);
        if (begin <= at && at < end) {
            return line.substr(line.find(' ') + 1, 4);
        }
    }
    return "";
}

// The flags of that mapping, as smaps in proc(5) shows them.
std::string flags(const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    std::istringstream smaps(support::read_file("/proc/self/smaps"));
    bool found = false;

    for (std::string line; std::getline(smaps, line);) {
        char* rest = nullptr;
        const auto begin = std::strtoull(line.c_str(), &rest, 16);
        if (*rest == '-') {
            const auto end = std::strtoull(rest + 1, nullptr, 16);
            found = begin <= at && at < end;
        } else if (found && line.starts_with("VmFlags:")) {
            return line;
        }
    }
    return "";
}

char* lowest(const Stack& stack) {
    return static_cast<char*>(stack.sp) - stack.size;
}

}  // namespace

TEST_CASE("a stack can be used whole, and ends at a guard page") {
    StackPool pool;
    const Stack stack = pool.take();
    REQUIRE(stack.sp != nullptr);
    CHECK(stack.size == StackPool::default_size);

    std::memset(lowest(stack), 0x5a, stack.size);
    CHECK(rights(lowest(stack)) == "rw-p");
    CHECK(rights(lowest(stack) - 1) == "---p");

    pool.give(stack, Time{0});
}

TEST_CASE("a stack is never a huge page" *
          doctest::skip(!std::filesystem::exists(
              "/sys/kernel/mm/transparent_hugepage"))) {
    StackPool pool;
    const Stack stack = pool.take();
    CHECK(flags(lowest(stack)).find(" nh") != std::string::npos);
    pool.give(stack, Time{0});
}

TEST_CASE("the stack that came back last goes out first") {
    StackPool pool;
    std::vector<Stack> stacks(10);
    for (Stack& stack : stacks) {
        stack = pool.take();
    }
    CHECK(pool.mapped() == 10);

    for (const Stack& stack : stacks) {
        pool.give(stack, Time{0});
    }
    CHECK(pool.idle() == 10);

    std::reverse(stacks.begin(), stacks.end());
    for (const Stack& stack : stacks) {
        CHECK(pool.take().sp == stack.sp);
    }
    CHECK(pool.mapped() == 10);
    CHECK(pool.idle() == 0);

    for (const Stack& stack : stacks) {
        pool.give(stack, Time{0});
    }
}

TEST_CASE("trim() gives back what is idle for long, and only that") {
    StackPool pool;
    std::vector<Stack> stacks;
    for (int i = 0; i < 4; ++i) {
        stacks.push_back(pool.take());
        std::memset(lowest(stacks.back()), 1, stacks.back().size);
    }
    for (int i = 0; i < 4; ++i) {
        pool.give(stacks[i], Time{100 * i});
    }

    pool.trim(Time{100});
    CHECK(pool.mapped() == 2);
    CHECK(pool.idle() == 2);
    CHECK(rights(lowest(stacks[0])) == "");
    CHECK(rights(lowest(stacks[1])) == "");
    CHECK(rights(lowest(stacks[1]) - 1) == "");  // its guard page too
    CHECK(rights(lowest(stacks[2])) == "rw-p");

    unsigned char resident[512];
    CHECK(mincore(lowest(stacks[0]), stacks[0].size, resident) == -1);
    CHECK(errno == ENOMEM);

    pool.trim(coro::never);
    CHECK(pool.mapped() == 0);
}

TEST_CASE("a stack that is out is not trimmed") {
    StackPool pool;
    const Stack stack = pool.take();
    pool.trim(coro::never);
    CHECK(pool.mapped() == 1);
    std::memset(lowest(stack), 1, stack.size);
    pool.give(stack, Time{0});
}

TEST_CASE("a stack that cannot be had is told, with errno") {
    StackPool pool(std::size_t{1} << 47);
    errno = 0;
    CHECK(pool.take().sp == nullptr);
    CHECK(errno == ENOMEM);
    CHECK(pool.mapped() == 0);
}

TEST_CASE("coroutines that follow each other share one warm stack") {
    Coroutines c;
    const void* first = nullptr;
    int moved = 0;

    for (int i = 0; i < 10'000; ++i) {
        c.start([&] {
            const char local = 0;
            const void* here = &local;
            if (first == nullptr) {
                first = here;
            }
            moved += here != first;
            coro::wait(Time{0});
        });
        REQUIRE(c.finish());
    }
    CHECK(moved == 0);
    CHECK(c.stacks.mapped() == 1);
}

namespace {

// Runs `count` coroutines, which all wait at the same time, to their end.
void let_wait(Coroutines& c, int count) {
    std::vector<coro::Waker> wakers;
    for (int i = 0; i < count; ++i) {
        c.start([&] {
            wakers.push_back(coro::next_wait());
            coro::wait();
        });
    }
    for (const coro::Waker waker : wakers) {
        c.scheduler.wake(waker);
    }
    REQUIRE(c.finish());
}

}  // namespace

TEST_CASE("repeated crowds of coroutines map no stack anew") {
    Coroutines c;

    for (int crowd = 0; crowd < 20; ++crowd) {
        let_wait(c, 100);
        CHECK(c.stacks.mapped() == 100);
        CHECK(c.stacks.idle() == 100);
    }
}

TEST_CASE("the stacks of a past crowd go back by themselves, in time") {
    Coroutines c;
    let_wait(c, 100);
    CHECK(c.stacks.mapped() == 100);

    // one stack stays in use, the others do not
    for (int i = 0; i < 12; ++i) {
        c.loop.skip(Time{2000});
        c.start([] {});
        c.loop.run_once();
    }
    CHECK(c.stacks.mapped() == 1);

    for (int i = 0; i < 3; ++i) {
        c.loop.skip(Time{10'000});
        c.loop.run_once();
    }
    CHECK(c.stacks.mapped() == 0);

    // and a stack can be had again
    bool ran = false;
    CHECK(c.start([&] { ran = true; }));
    CHECK(ran);
}
