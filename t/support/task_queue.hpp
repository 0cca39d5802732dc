#pragma once

#include "coro/loop.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace support {

// Tasks that are posted to a loop of the tests, as in nginx: a task that posts
// itself while it runs, runs again in the next turn.
class TaskQueue {
  public:
    // `posted` is called for each task that is queued.
    explicit TaskQueue(std::function<void()> posted = nullptr)
        : tell_(std::move(posted)) {}

    std::unique_ptr<coro::Task> make(coro::Callback callback);

    // Whether something will run in this turn.
    bool is_due() const { return !posted_.empty(); }
    // Whether nothing will run in this turn or the next.
    bool empty() const { return posted_.empty() && next_.empty(); }
    // How many tasks there are, posted or not.
    std::size_t made() const { return made_; }

    // Tasks for the next turn are now for this one.
    void begin_turn();
    void run();

  private:
    class QueuedTask;

    std::function<void()> tell_;
    std::deque<QueuedTask*> posted_;
    std::deque<QueuedTask*> next_;  // not before the next turn
    std::size_t made_ = 0;
};

}  // namespace support
