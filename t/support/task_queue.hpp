#pragma once

#include "coro/loop.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace support {

// What is posted to a loop of the tests, as nginx has it: what runs in a turn
// and posts itself runs in the next one.
class TaskQueue {
  public:
    // `posted` is told of each task that is queued.
    explicit TaskQueue(std::function<void()> posted = nullptr)
        : tell_(std::move(posted)) {}

    std::unique_ptr<coro::Task> make(coro::Callback callback);

    // Whether something is to run in this turn.
    bool is_due() const { return !posted_.empty(); }
    // Whether nothing is, nor in the next one.
    bool empty() const { return posted_.empty() && next_.empty(); }
    // Tasks that there are, posted or not.
    std::size_t made() const { return made_; }

    // What was for the next turn is for this one.
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
