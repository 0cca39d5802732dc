#include "support/poll_loop.hpp"

#include "support/allocations.hpp"

#include <array>
#include <new>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace support {

namespace {

using Scope = Allocations::Scope;
using Of = Allocations::Of;

void call_back(coro::Callback callback) {
    const Scope product(Of::product);
    callback();
}

}  // namespace

class PollLoop::PollTimer : public coro::Timer {
  public:
    PollTimer(PollLoop& loop, coro::Callback callback)
        : loop_(loop), callback_(callback), place_(loop.timers_.end()) {}

    ~PollTimer() override { PollTimer::cancel(); }

    void set(coro::Time at) noexcept override {
        const Scope test(Of::test);
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
        call_back(callback_);
    }

  private:
    PollLoop& loop_;
    coro::Callback callback_;
    Timers::iterator place_;
};

class PollLoop::PollWatch : public coro::Watch {
  public:
    PollWatch(PollLoop& loop, int fd, coro::Callback callback)
        : loop_(loop), number_(++loop.last_watch_), fd_(fd),
          callback_(callback) {
        loop.watches_.emplace(number_, this);
    }

    ~PollWatch() override {
        set(0);  // otherwise a duplicate of it would stay registered
        loop_.watches_.erase(number_);
        close(fd_);
    }

    bool await(unsigned readiness) noexcept override {
        std::uint32_t events = 0;
        if (readiness & coro::readable) {
            events |= EPOLLIN | EPOLLRDHUP;
        }
        if (readiness & coro::writable) {
            events |= EPOLLOUT;
        }
        return set(events);
    }

    unsigned take() noexcept override { return std::exchange(ready_, 0); }

    // Reports only what is registered.
    void serve(std::uint32_t events) {
        if (events & (EPOLLERR | EPOLLHUP)) {
            events |= EPOLLIN | EPOLLOUT;
        }
        events &= registered_;
        if (events & EPOLLIN) {
            ready_ |= coro::readable;
        }
        if (events & EPOLLOUT) {
            ready_ |= coro::writable;
        }
        if (loop_.triggered_ == Triggered::level) {
            set(registered_ & ~events);
        } else if (events & EPOLLRDHUP) {
            ready_ |= coro::ended;
        }
        call_back(callback_);
    }

  private:
    // What is registered stays registered, and is not reported again.
    bool set(std::uint32_t events) noexcept {
        if (events == registered_) {
            return true;
        }
        if (registered_ == 0 && loop_.refuses_) {
            return false;
        }

        epoll_event event{};
        event.events = events;
        event.data.u64 = number_;
        if (loop_.triggered_ == Triggered::edge) {
            event.events |= EPOLLET;
        }
        int operation = events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        if (registered_ == 0) {
            operation = EPOLL_CTL_ADD;
        }
        registered_ = events;
        return epoll_ctl(loop_.epoll_.get(), operation, fd_, &event) == 0;
    }

    PollLoop& loop_;
    std::uint64_t number_;
    int fd_;
    coro::Callback callback_;
    std::uint32_t registered_ = 0;
    unsigned ready_ = 0;
};

PollLoop::PollLoop(Triggered triggered)
    : triggered_(triggered), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_.get() == -1) {
        throw std::system_error(errno, std::generic_category(), "epoll");
    }
    read_clock();
}

std::unique_ptr<coro::Task> PollLoop::make_task(coro::Callback callback) {
    return tasks_.make(callback);
}

std::unique_ptr<coro::Timer> PollLoop::make_timer(coro::Callback callback) {
    return std::make_unique<PollTimer>(*this, callback);
}

std::unique_ptr<coro::Watch> PollLoop::watch(int fd, coro::Callback callback) {
    try {
        return std::make_unique<PollWatch>(*this, fd, callback);
    } catch (const std::bad_alloc&) {
        close(fd);
        return nullptr;
    }
}

void PollLoop::run_once(coro::Time longest) {
    tasks_.begin_turn();
    read_clock();
    serve_events(time_to_wait(longest));
    expire_timers();
    tasks_.run();
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
    if (tasks_.is_due()) {
        return 0;
    }
    if (!timers_.empty()) {
        longest = std::min(longest, timers_.begin()->first - now());
    }
    constexpr coro::Time hour{3'600'000};
    return static_cast<int>(std::clamp(longest, coro::Time{0}, hour).count());
}

void PollLoop::serve_events(int timeout) {
    std::array<epoll_event, 64> events;
    const int ready =
        epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    read_clock();

    for (int i = 0; i < ready; ++i) {
        // an epoll_event is packed: there is no reference to its number
        const std::uint64_t number = events[i].data.u64;
        // an earlier callback may have closed this one
        const auto found = watches_.find(number);
        if (found != watches_.end()) {
            found->second->serve(events[i].events);
        }
    }
}

void PollLoop::expire_timers() {
    const auto time = now();
    while (!timers_.empty() && timers_.begin()->first <= time) {
        timers_.begin()->second->expire();
    }
}

}  // namespace support
