#pragma once

#include "coro/coroutine.hpp"
#include "support/poll_loop.hpp"

#include <functional>
#include <memory>

namespace support {

// Coroutines from lambdas, on a poll loop.
struct Coroutines {
    PollLoop loop;
    coro::StackPool stacks;
    coro::Scheduler scheduler{loop, stacks};

    // Runs `body`, which throws nothing, until it ends or first waits.
    bool start(std::function<void()> body) {
        auto data = std::make_unique<std::function<void()>>(std::move(body));
        const bool started = scheduler.start({run, data.get()});
        if (started) {
            data.release();
        }
        return started;
    }

    // Runs the loop until no coroutine is left.
    bool finish() {
        return loop.run_until([this] { return scheduler.alive() == 0; });
    }

  private:
    static void run(void* data) noexcept {
        const std::unique_ptr<std::function<void()>> body(
            static_cast<std::function<void()>*>(data));
        (*body)();
    }
};

}  // namespace support
