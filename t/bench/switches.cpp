// What it costs to suspend and resume: a coroutine of the module, and an
// OpenSSL ASYNC_JOB.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include <openssl/async.h>

#include "coro/coroutine.hpp"

namespace {

constexpr int switches = 200'000;

using Clock = std::chrono::steady_clock;

double each_ns(Clock::time_point begin) {
    return std::chrono::duration<double, std::nano>(Clock::now() - begin)
               .count() /
           switches;
}

// Tasks are run at once: no events, and so no system calls, in between.
class TrivialLoop : public coro::Loop {
  public:
    coro::Time now() const noexcept override { return coro::Time{0}; }
    std::unique_ptr<coro::Task> make_task(coro::Callback callback) override {
        return std::make_unique<OneTask>(*this, callback);
    }
    std::unique_ptr<coro::Timer> make_timer(coro::Callback) override {
        return std::make_unique<NoTimer>();
    }
    std::unique_ptr<coro::Watch> watch(int, coro::Callback) override {
        return nullptr;
    }

    void run_tasks() {
        while (posted_ != nullptr)
            std::exchange(posted_, nullptr)->callback();
    }

  private:
    struct OneTask : coro::Task {
        OneTask(TrivialLoop& of, coro::Callback what)
            : loop(of), callback(what) {}
        void post() noexcept override { loop.posted_ = this; }
        void post_next() noexcept override { post(); }
        TrivialLoop& loop;
        coro::Callback callback;
    };
    struct NoTimer : coro::Timer {
        void set(coro::Time) noexcept override {}
        void cancel() noexcept override {}
    };

    OneTask* posted_ = nullptr;
};

// Is woken as soon as it waits: what remains is the two switches, and the trip
// through the ready list.
struct Suspender {
    coro::Waker waker{};

    static void run(void* data) noexcept {
        auto* self = static_cast<Suspender*>(data);
        for (int i = 0; i < switches; ++i) {
            self->waker = coro::next_wait();
            coro::wait();
        }
    }
};

double coroutine_ns() {
    TrivialLoop loop;
    coro::StackPool stacks;
    coro::Scheduler scheduler(loop, stacks);
    Suspender suspender;
    const auto begin = Clock::now();
    if (!scheduler.start({Suspender::run, &suspender}))
        std::abort();
    while (scheduler.alive() > 0) {
        scheduler.wake(suspender.waker);
        loop.run_tasks();
    }
    return each_ns(begin);
}

int pause(void*) {
    for (int i = 0; i < switches; ++i)
        ASYNC_pause_job();
    return 1;
}

double async_ns() {
    ASYNC_WAIT_CTX* context = ASYNC_WAIT_CTX_new();
    ASYNC_JOB* job = nullptr;
    int result = 0;
    const auto begin = Clock::now();
    while (ASYNC_start_job(&job, context, &result, pause, nullptr, 0) ==
           ASYNC_PAUSE) {
    }
    const double each = each_ns(begin);
    ASYNC_WAIT_CTX_free(context);
    if (result != 1)
        std::abort();
    return each;
}

}  // namespace

int main() {
    const double coroutine = coroutine_ns();
    const double async = async_ns();
    std::printf("coroutine_ns=%.1f async_ns=%.1f\n", coroutine, async);
}
