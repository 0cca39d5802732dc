#include "support/poll_loop.hpp"

#include <poll.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace support {

class PollLoop::PollTask : public coro::Task {
  public:
    PollTask(PollLoop& loop, coro::Callback callback)
        : loop_(loop), callback_(callback) {}

    ~PollTask() override {
        std::erase(loop_.posted_, this);
        std::erase(loop_.next_, this);
    }

    void post() noexcept override {
        enqueue(running_ ? loop_.next_ : loop_.posted_);
    }

    void post_next() noexcept override { enqueue(loop_.next_); }

    void run() {
        queued_ = false;
        running_ = true;
        callback_();
        running_ = false;
    }

  private:
    void enqueue(std::deque<PollTask*>& queue) {
        if (!std::exchange(queued_, true)) {
            queue.push_back(this);
        }
    }

    PollLoop& loop_;
    coro::Callback callback_;
    bool queued_ = false;
    bool running_ = false;
};

class PollLoop::PollTimer : public coro::Timer {
  public:
    PollTimer(PollLoop& loop, coro::Callback callback)
        : loop_(loop), callback_(callback), place_(loop.timers_.end()) {}

    ~PollTimer() override { PollTimer::cancel(); }

    void set(coro::Time at) noexcept override {
        cancel();
        place_ = loop_.timers_.emplace(at, this);
    }

    void cancel() noexcept override {
        if (place_ != loop_.timers_.end()) {
            loop_.timers_.erase(std::exchange(place_, loop_.timers_.end()));
        }
    }

    void expire() {
        cancel();
        callback_();
    }

  private:
    PollLoop& loop_;
    coro::Callback callback_;
    Timers::iterator place_;
};

// Tells of a readiness once each time it is awaited.
class PollLoop::PollWatch : public coro::Watch {
  public:
    PollWatch(PollLoop& loop, int fd, coro::Callback callback)
        : loop_(loop), number_(++loop.last_watch_), fd_(fd),
          callback_(callback) {
        loop.watches_.emplace(number_, this);
    }

    ~PollWatch() override {
        loop_.watches_.erase(number_);
        close(fd_);
    }

    bool await(unsigned readiness) noexcept override {
        awaited_ = readiness;
        return true;
    }

    unsigned take() noexcept override { return std::exchange(ready_, 0); }

    pollfd entry() const {
        short events = 0;
        if (awaited_ & coro::readable) {
            events |= POLLIN;
        }
        if (awaited_ & coro::writable) {
            events |= POLLOUT;
        }
        // poll(2) tells of errors unasked, but not for a negative number
        return {events != 0 ? fd_ : -1, events, 0};
    }

    void serve(short events) {
        unsigned ready = 0;
        if (events & (POLLIN | POLLERR | POLLHUP)) {
            ready |= coro::readable;
        }
        if (events & (POLLOUT | POLLERR | POLLHUP)) {
            ready |= coro::writable;
        }
        awaited_ &= ~ready;
        ready_ |= ready;
        callback_();
    }

  private:
    PollLoop& loop_;
    std::uint64_t number_;
    int fd_;
    coro::Callback callback_;
    unsigned awaited_ = 0;
    unsigned ready_ = 0;
};

std::unique_ptr<coro::Task> PollLoop::make_task(coro::Callback callback) {
    return std::make_unique<PollTask>(*this, callback);
}

std::unique_ptr<coro::Timer> PollLoop::make_timer(coro::Callback callback) {
    return std::make_unique<PollTimer>(*this, callback);
}

std::unique_ptr<coro::Watch> PollLoop::watch(int fd, coro::Callback callback) {
    return std::make_unique<PollWatch>(*this, fd, callback);
}

void PollLoop::run_once(coro::Time longest) {
    posted_.insert(posted_.end(), next_.begin(), next_.end());
    next_.clear();

    read_clock();
    serve_events(time_to_wait(longest));
    expire_timers();
    run_tasks();
}

void PollLoop::run_turns(int times) {
    for (int turn = 0; turn < times; ++turn) {
        run_once();
    }
}

void PollLoop::read_clock() {
    clock_ =
        std::chrono::duration_cast<coro::Time>(Clock::now().time_since_epoch());
}

int PollLoop::time_to_wait(coro::Time longest) const {
    if (!posted_.empty()) {
        return 0;
    }
    if (!timers_.empty()) {
        longest = std::min(longest, timers_.begin()->first - now());
    }
    constexpr coro::Time hour{3'600'000};
    return static_cast<int>(std::clamp(longest, coro::Time{0}, hour).count());
}

void PollLoop::serve_events(int timeout) {
    std::vector<pollfd> entries;
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, watch] : watches_) {
        entries.push_back(watch->entry());
        numbers.push_back(number);
    }

    const int ready = poll(entries.data(), entries.size(), timeout);
    read_clock();
    if (ready <= 0) {
        return;
    }

    for (std::size_t i = 0; i < entries.size(); ++i) {
        // an earlier callback may have closed this one
        const auto found = watches_.find(numbers[i]);
        if (entries[i].revents != 0 && found != watches_.end()) {
            found->second->serve(entries[i].revents);
        }
    }
}

void PollLoop::expire_timers() {
    const auto time = now();
    while (!timers_.empty() && timers_.begin()->first <= time) {
        timers_.begin()->second->expire();
    }
}

void PollLoop::run_tasks() {
    while (!posted_.empty()) {
        PollTask* task = posted_.front();
        posted_.pop_front();
        task->run();
    }
}

}  // namespace support
