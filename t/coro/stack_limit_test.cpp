// Where stacks end, and where memory for them does. Each test has a process of
// its own, which dies or runs out of memory.

#include "support/coroutines.hpp"
#include "support/files.hpp"
#include "support/memory_checker.hpp"

#include <cerrno>
#include <csignal>
#include <doctest/doctest.h>
#include <memory>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using coro::Waker;
using namespace support;

namespace {

// Runs `body` in a child process. Returns its exit status, or minus the number
// of the signal that ended it.
template <class Body>
int in_child(Body&& body) {
    const pid_t pid = fork();
    if (pid == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGSEGV, SIG_DFL);  // doctest has a handler
        _exit(body());
    }

    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// Goes down the stack, by frames of a KiB and more, until `bytes` of it are
// used from `top` on; returns whether it got there.
__attribute__((noinline)) bool descend(std::size_t bytes, const char* top) {
    volatile char frame[1024];
    frame[0] = 1;
    const auto* here = static_cast<const char*>(__builtin_frame_address(0));
    const auto used = static_cast<std::size_t>(top - here);
    return frame[0] == 1 && (used >= bytes || descend(bytes, top));
}

bool descend(std::size_t bytes) {
    return descend(bytes, static_cast<const char*>(__builtin_frame_address(0)));
}

rlim_t address_space() {
    const auto pages = std::stoull(read_file("/proc/self/statm"));
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void set_limit(decltype(RLIMIT_AS) resource, rlim_t bytes) {
    rlimit limit{};
    getrlimit(resource, &limit);
    limit.rlim_cur = bytes;
    setrlimit(resource, &limit);
}

void limit_address_space(rlim_t bytes) {
    set_limit(RLIMIT_AS, bytes);
}

// Coroutines that wait, none of which needs memory of the heap.
struct Crowd {
    Coroutines c;
    std::vector<Waker> wakers;
    int errors = 0;

    Crowd() { wakers.reserve(10'000); }

    bool start_one() {
        return c.scheduler.start(
            {[](void* data) noexcept {
                 static_cast<Crowd*>(data)->wakers.push_back(coro::next_wait());
                 coro::wait();
             },
             this});
    }

    // Starts some until there is no stack left. Returns how many there are
    // then.
    std::size_t fill() {
        while (wakers.size() < wakers.capacity() && start_one()) {
        }
        return wakers.size();
    }

    bool dismiss() {
        for (const Waker waker : wakers) {
            c.scheduler.wake(waker);
        }
        wakers.clear();
        return c.finish();
    }
};

}  // namespace

TEST_CASE("1.9 MiB of a coroutine's stack may be used") {
    CHECK(in_child([] {
              Coroutines c;
              bool reached = false;
              c.start([&] { reached = descend(1900 << 10); });
              return reached ? 0 : 1;
          }) == 0);
}

TEST_CASE("a stack that overflows ends the process at its guard page") {
    CHECK(in_child([] {
              Coroutines c;
              c.start([] { descend(100 << 20); });
              return 0;
          }) == -SIGSEGV);
}

TEST_CASE("with no stack to be had start() fails and the program goes on" *
          doctest::skip(in_sanitizer())) {
    CHECK(in_child([] {
              Crowd crowd;
              limit_address_space(address_space() + (8 << 20));
              const std::size_t n = crowd.fill();
              if (n == 0 || n > 100 || errno != ENOMEM) {
                  return 1;
              }
              if (crowd.c.scheduler.alive() != n ||
                  crowd.c.stacks.mapped() != n || crowd.start_one()) {
                  return 2;
              }
              // those that have a stack go on, and leave it to others
              if (!crowd.dismiss() || !crowd.start_one()) {
                  return 3;
              }
              if (crowd.fill() != n || !crowd.dismiss()) {
                  return 4;
              }
              return 0;
          }) == 0);
}

TEST_CASE("where reservations are counted, stacks leave most to others" *
          doctest::skip(in_sanitizer())) {
    for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
        CAPTURE(resource);
        CHECK(in_child([resource] {
                  Crowd crowd;
                  set_limit(resource, address_space() + (512 << 20));
                  const std::size_t n = crowd.fill();
                  const std::size_t quarter =
                      (512 << 20) / 4 / coro::StackPool::default_size;
                  if (n < quarter / 2 || n > 2 * quarter || errno != ENOMEM) {
                      return 1;
                  }
                  const auto other = std::make_unique<char[]>(256 << 20);
                  set_limit(resource, RLIM_INFINITY);
                  return crowd.start_one() && crowd.dismiss() ? 0 : 2;
              }) == 0);
    }
}

TEST_CASE("few stacks are to be had however little may be reserved" *
          doctest::skip(in_sanitizer())) {
    CHECK(in_child([] {
              Crowd crowd;
              limit_address_space(address_space() + (40 << 20));
              const bool enough = crowd.fill() >= coro::StackPool::few;
              return crowd.dismiss() && enough ? 0 : 1;
          }) == 0);
}

TEST_CASE("when there is memory again, there are stacks again" *
          doctest::skip(in_sanitizer())) {
    CHECK(in_child([] {
              Crowd crowd;
              limit_address_space(address_space() + (4 << 20));
              const std::size_t n = crowd.fill();
              limit_address_space(RLIM_INFINITY);
              if (!crowd.start_one() || crowd.wakers.size() != n + 1) {
                  return 1;
              }
              return crowd.dismiss() ? 0 : 2;
          }) == 0);
}
