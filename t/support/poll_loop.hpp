#pragma once

#include "coro/loop.hpp"
#include "support/eventually.hpp"
#include "support/task_queue.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

namespace support {

// How an event is reported.
enum class Triggered {
    edge,  // when something comes, as in nginx with epoll
    level  // once each time it is awaited, as in nginx with poll or select
};

// The event loop of the unit tests, on epoll(7). A turn is as in nginx: events,
// then timers, then tasks.
class PollLoop : public coro::Loop {
  public:
    explicit PollLoop(Triggered triggered = Triggered::edge);

    // Stands still until the next turn, except for skip().
    coro::Time now() const noexcept override { return clock_ + skipped_; }

    std::unique_ptr<coro::Task> make_task(coro::Callback callback) override;
    std::unique_ptr<coro::Timer> make_timer(coro::Callback callback) override;
    std::unique_ptr<coro::Watch> watch(int fd,
                                       coro::Callback callback) override;

    // One turn, which waits at most `longest` for something to happen.
    void run_once(coro::Time longest = coro::Time{0});

    // Turns until `predicate` holds. Returns whether it did before the
    // deadline. It may look at other processes, too, because it is called at
    // least every 5 ms.
    template <class Predicate>
    bool run_until(Predicate&& predicate, Milliseconds deadline = patience) {
        const auto end = Clock::now() + deadline;
        while (!predicate()) {
            if (Clock::now() >= end) {
                return false;
            }
            run_once(coro::Time{5});
        }
        return true;
    }

    // Turns that do not wait, to handle what is there, or to check that nothing
    // comes.
    void run_turns(int times);

    // From now on, refuses sockets that are not registered yet, as an epoll
    // without room does (fs.epoll.max_user_watches).
    void refuse(bool refuses) { refuses_ = refuses; }

    // Moves the loop's clock ahead, so that nobody has to wait.
    void skip(coro::Time time) { skipped_ += time; }

  private:
    class PollTimer;
    class PollWatch;
    using Timers = std::multimap<coro::Time, PollTimer*>;

    void read_clock();
    int time_to_wait(coro::Time longest) const;
    void serve_events(int timeout);
    void expire_timers();

    const Triggered triggered_;
    UniqueFd epoll_;
    bool refuses_ = false;
    coro::Time clock_{0};
    coro::Time skipped_{0};
    TaskQueue tasks_;
    Timers timers_;
    // By number, because a descriptor may be closed and reused in one turn.
    std::map<std::uint64_t, PollWatch*> watches_;
    std::uint64_t last_watch_ = 0;
};

}  // namespace support
