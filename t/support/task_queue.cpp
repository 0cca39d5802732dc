#include "support/task_queue.hpp"

#include "support/allocations.hpp"

#include <utility>

namespace support {

using Scope = Allocations::Scope;
using Of = Allocations::Of;

class TaskQueue::QueuedTask : public coro::Task {
  public:
    QueuedTask(TaskQueue& queue, coro::Callback callback)
        : queue_(queue), callback_(callback) {
        ++queue.made_;
    }

    ~QueuedTask() override {
        std::erase(queue_.posted_, this);
        std::erase(queue_.next_, this);
        --queue_.made_;
    }

    void post() noexcept override {
        enqueue(running_ ? queue_.next_ : queue_.posted_);
    }

    void post_next() noexcept override { enqueue(queue_.next_); }

    void run() {
        const Scope product(Of::product);
        queued_ = false;
        running_ = true;
        callback_();
        running_ = false;
    }

  private:
    void enqueue(std::deque<QueuedTask*>& tasks) {
        const Scope test(Of::test);
        if (std::exchange(queued_, true)) {
            return;
        }
        tasks.push_back(this);
        if (queue_.tell_) {
            queue_.tell_();
        }
    }

    TaskQueue& queue_;
    coro::Callback callback_;
    bool queued_ = false;
    bool running_ = false;
};

std::unique_ptr<coro::Task> TaskQueue::make(coro::Callback callback) {
    return std::make_unique<QueuedTask>(*this, callback);
}

void TaskQueue::begin_turn() {
    posted_.insert(posted_.end(), next_.begin(), next_.end());
    next_.clear();
}

void TaskQueue::run() {
    while (!posted_.empty()) {
        QueuedTask* task = posted_.front();
        posted_.pop_front();
        task->run();
    }
}

}  // namespace support
