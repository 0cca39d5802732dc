/*
 * Coroutines: starting, suspending, waking.
 *
 * A coroutine holds a stack from its start to its end. Waking never resumes it
 * inline. It is put into a queue, from which a task of the loop resumes it. So
 * the woken coroutine never re-enters its waker, and coroutines that wake each
 * other cannot keep the loop from its events.
 *
 * A suspended coroutine is never destroyed, because its frames may be C code
 * that no exception can unwind. To end it, wake it with Wake::cancelled and let
 * it return.
 */

#pragma once

#include "coro/loop.hpp"
#include "coro/stack_pool.hpp"
#include "coro/wait.hpp"

#include <boost/context/fiber.hpp>
#include <chrono>
#include <memory>
#include <vector>

namespace coro {

class Scheduler {
  public:
    /* `loop` and `stacks` have to outlive the scheduler. */
    Scheduler(Loop& loop, StackPool& stacks);

    /* No coroutine may be left waiting. */
    ~Scheduler();

    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    /*
     * Runs `entry` in a new coroutine at once, and returns when it ends or
     * waits for the first time. May be called from the loop and from another
     * coroutine. Returns false without running anything if there is no stack or
     * memory; errno says why.
     */
    bool start(Callback entry) noexcept;

    /*
     * Ends the wait that `waker` names, if it still lasts and nothing ended
     * it before. May be called from the loop and from any coroutine.
     */
    void wake(Waker waker, Wake how = Wake::ready) noexcept;

    /*
     * The same for one of many whose waits end together, without a result, as
     * when a store is given up. It goes on alone, in a turn that brought the
     * loop nothing else. At the latest it goes on after four times as long as
     * the one before it took, and after 20 ms.
     */
    void release(Waker waker) noexcept;

    /*
     * Whether the wait that `waker` names still lasts. Then the coroutine's
     * frames are as they were when it began.
     */
    bool waiting(Waker waker) const noexcept;

    /* How many coroutines were started and have not ended. */
    std::size_t alive() const noexcept { return alive_; }

    Loop& loop() noexcept { return loop_; }

  private:
    struct Slot;

    /* Coroutines that will go on, in the order in which they were woken. */
    class Queue {
      public:
        bool empty() const noexcept { return first_ == nullptr; }
        void push(Slot& slot) noexcept;
        Slot& pop() noexcept;

      private:
        Slot* first_ = nullptr;
        Slot** end_ = &first_;
    };

    using Clock = std::chrono::steady_clock;

    friend bool in_coroutine() noexcept;
    friend Waker next_wait() noexcept;
    friend Wake wait(Time deadline) noexcept;

    Slot* take_slot() noexcept;
    void run(Slot& slot) noexcept;
    void end(Slot& slot) noexcept;
    void suspend(Slot& slot, Time deadline) noexcept;
    void wake(Waker waker, Wake how, Queue& queue) noexcept;
    void resume(Slot& slot) noexcept;
    void run_ready() noexcept;
    void run_woken() noexcept;
    void run_released() noexcept;
    bool may_release(Clock::time_point now) const noexcept;
    void trim_stacks() noexcept;
    static void expire(Slot& slot) noexcept;

    static Slot* current_;

    Loop& loop_;
    StackPool& stacks_;
    std::vector<std::unique_ptr<Slot>> slots_; /* by coroutine id */
    Slot* free_ = nullptr;
    std::size_t alive_ = 0;
    Queue woken_;
    Queue released_;
    Clock::time_point give_way_until_; /* unless a turn is empty */
    Clock::time_point turn_ended_;     /* while some are left for the next */
    bool running_ready_ = false;
    std::unique_ptr<Task> run_ready_;
    std::unique_ptr<Timer> trim_stacks_;
    bool trim_set_ = false;
};

}  // namespace coro
