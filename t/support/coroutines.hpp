#pragma once

#include "coro/coroutine.hpp"
#include "support/allocations.hpp"
#include "support/poll_loop.hpp"

#include <functional>
#include <utility>

namespace support {

// Coroutines from lambdas, on a poll loop.
struct Coroutines {
    explicit Coroutines(Triggered triggered = Triggered::edge)
        : loop(triggered) {}

    PollLoop loop;
    coro::StackPool stacks;
    coro::Scheduler scheduler{loop, stacks};

    // Runs `body`, which must not throw, until it ends or first waits.
    bool start(std::function<void()> body) {
        const Allocations::Scope product(Allocations::Of::product);
        return scheduler.start({run, &body});
    }

    // Runs the loop until no coroutine is left.
    bool finish() {
        return loop.run_until([this] { return scheduler.alive() == 0; });
    }

  private:
    // Runs before start() returns, so it can take the body from its frame.
    static void run(void* data) noexcept {
        const auto body = std::move(*static_cast<std::function<void()>*>(data));
        body();
    }
};

}  // namespace support
