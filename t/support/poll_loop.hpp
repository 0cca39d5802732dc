#pragma once

#include "coro/loop.hpp"
#include "support/eventually.hpp"
#include "support/task_queue.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

namespace support {

// How an event is told of.
enum class Triggered {
    edge,  // when something comes, as nginx with epoll does
    level  // once each time it is awaited, as nginx with poll or select does
};

// The event loop under the unit tests, on epoll(7). A turn is as nginx's:
// events, then timers, then tasks.
class PollLoop : public coro::Loop {
  public:
    explicit PollLoop(Triggered triggered = Triggered::edge);

    // Stands still but for skip(), until the next turn.
    coro::Time now() const noexcept override { return clock_ + skipped_; }

    std::unique_ptr<coro::Task> make_task(coro::Callback callback) override;
    std::unique_ptr<coro::Timer> make_timer(coro::Callback callback) override;
    std::unique_ptr<coro::Watch> watch(int fd,
                                       coro::Callback callback) override;

    // One turn, which waits for something to happen for at most `longest`.
    void run_once(coro::Time longest = coro::Time{0});

    // Turns until `predicate` holds; whether it did before the deadline. It
    // may look at other processes too: it is asked every 5 ms at least.
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

    // Turns that do not wait: for what is there, or for what must not come.
    void run_turns(int times);

    // Whether every socket that is not registered yet is refused from now on,
    // as by an epoll with no room (fs.epoll.max_user_watches).
    void refuse(bool refuses) { refuses_ = refuses; }

    // Moves the loop's clock ahead: nobody has to wait for what takes long.
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
    // By number, for a descriptor may be closed and used again in one turn.
    std::map<std::uint64_t, PollWatch*> watches_;
    std::uint64_t last_watch_ = 0;
};

}  // namespace support
