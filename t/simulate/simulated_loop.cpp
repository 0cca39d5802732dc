#include "simulate/simulated_loop.hpp"

#include "simulate/network.hpp"
#include "support/allocations.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace simulate {

namespace {

using support::Allocations;
using Scope = Allocations::Scope;
using Of = Allocations::Of;

// This many turns in a row may bring nothing: gathered commands wait for some
// turns, a stream that is always ready leaves the loop one at times, and a
// released coroutine goes on in a turn of its own.
constexpr unsigned most_quiet_turns = 1000;

void call_back(coro::Callback callback) {
    const Scope product(Of::product);
    callback();
}

}  // namespace

class SimulatedLoop::SimulatedTimer : public coro::Timer {
  public:
    SimulatedTimer(SimulatedLoop& loop, coro::Callback callback)
        : loop_(loop), callback_(callback), place_(loop.timers_.end()) {
        ++loop.made_;
    }
    ~SimulatedTimer() override {
        SimulatedTimer::cancel();
        --loop_.made_;
    }

    void set(coro::Time at) noexcept override {
        const Scope test(Of::test);
        cancel();
        loop_.world_.count_call();
        is_wait_ = at > loop_.now();
        place_ = loop_.timers_.emplace(at, this);
        loop_.schedule_next();
    }
    void cancel() noexcept override {
        if (place_ != loop_.timers_.end()) {
            loop_.timers_.erase(std::exchange(place_, loop_.timers_.end()));
        }
    }

    // Returns whether it was set to a time in the future.
    bool expire() {
        const bool waited = is_wait_;
        cancel();
        call_back(callback_);
        return waited;
    }

  private:
    SimulatedLoop& loop_;
    coro::Callback callback_;
    Timers::iterator place_;
    bool is_wait_ = false;
};

class SimulatedLoop::SimulatedWatch : public coro::Watch {
  public:
    SimulatedWatch(SimulatedLoop& loop, std::shared_ptr<Socket> socket,
                   coro::Callback callback)
        : loop_(loop), number_(++loop.last_watch_), socket_(std::move(socket)),
          callback_(callback) {
        ++loop.made_;
        loop.watches_.emplace(number_, this);
        socket_->changed = [this] { edge(); };
    }
    ~SimulatedWatch() override {
        const Scope test(Of::test);
        socket_->changed = nullptr;
        socket_->close();
        loop_.watches_.erase(number_);
        --loop_.made_;
    }

    // As in nginx, reading stays registered, and writing only while it is
    // awaited. A new registration reports what is there already.
    bool await(unsigned readiness) noexcept override {
        const Scope test(Of::test);
        loop_.world_.count_call();
        if (registered_ == 0 && readiness != 0 && loop_.refuses()) {
            return false;
        }
        const unsigned wanted = loop_.triggered_ == Triggered::edge
                                    ? (registered_ & coro::readable) | readiness
                                    : readiness;
        if (std::exchange(registered_, wanted) != wanted) {
            edge();
        }
        return true;
    }

    unsigned take() noexcept override { return std::exchange(ready_, 0); }

    // Whether there is anything to report.
    bool is_due() const { return (socket_->readiness() & registered_) != 0; }

    void serve() {
        told_ = false;
        const unsigned ready = socket_->readiness();
        const unsigned events = ready & registered_;
        ready_ |= events;
        if (loop_.triggered_ == Triggered::level) {
            registered_ &= ~events;
        } else if (events & coro::readable) {
            ready_ |= ready & coro::ended;
        }
        call_back(callback_);
    }

    // Calls back although nothing has happened.
    void disturb() { call_back(callback_); }

    void edge() {
        const Scope test(Of::test);
        if (is_due() && !std::exchange(told_, true)) {
            loop_.edges_.push_back(number_);
            loop_.schedule_next();
        }
    }

  private:
    SimulatedLoop& loop_;
    std::uint64_t number_;
    std::shared_ptr<Socket> socket_;
    coro::Callback callback_;
    unsigned registered_ = 0;
    unsigned ready_ = 0;
    bool told_ = false;  // it is among the edges
};

SimulatedLoop::~SimulatedLoop() {
    *self_ = nullptr;
    if (made_ + tasks_.made() != 0) {
        world_.fail("a task, timer or watch outlives its loop");
    }
}

std::unique_ptr<coro::Task> SimulatedLoop::make_task(coro::Callback callback) {
    return tasks_.make(callback);
}

std::unique_ptr<coro::Timer>
SimulatedLoop::make_timer(coro::Callback callback) {
    return std::make_unique<SimulatedTimer>(*this, callback);
}

std::unique_ptr<coro::Watch> SimulatedLoop::watch(int fd,
                                                  coro::Callback callback) {
    const auto socket = Network::of(world_).socket(fd);
    const Scope test(Of::test);
    if (refuses()) {
        socket->close();
        return nullptr;
    }
    return std::make_unique<SimulatedWatch>(*this, socket, callback);
}

void SimulatedLoop::begin_turn() {
    in_turn_ = true;
    world_.begin_turn(wall_ahead);
    if (starves_ != 0) {
        Allocations::fail(1 + world_.chance().below(2 * starves_),
                          world_.chance().below(3));
    }
}

void SimulatedLoop::end_turn() {
    Allocations::heal();
    const Micros cost = world_.end_turn() + Micros(5);
    free_at_ = std::max(free_at_, world_.now() + cost);
    in_turn_ = false;
    schedule_next();
}

void SimulatedLoop::schedule(Micros when) {
    when = std::max(when, free_at_);
    if (when >= turn_at_) {
        return;
    }
    turn_at_ = when;
    world_.at(when, [self = self_, turn = ++turns_] {
        if (*self != nullptr && (*self)->turns_ == turn) {
            (*self)->turn();
        }
    });
}

// At once if there is something to do, or else at the first timer.
void SimulatedLoop::schedule_next() {
    if (in_turn_) {
        return;
    }
    if (!tasks_.empty() || !edges_.empty()) {
        schedule(world_.now() + Micros(world_.chance().below(50)));
    } else if (!timers_.empty()) {
        const auto first = std::chrono::duration_cast<Micros>(
            std::min(timers_.begin()->first, coro::Time(Seconds(1'000'000))));
        schedule(first + Micros(world_.chance().below(1500)));
    }
}

void SimulatedLoop::turn() {
    turn_at_ = Micros::max();
    if (world_.now() < free_at_) {  // it was stalled meanwhile
        schedule_next();
        return;
    }

    begin_turn();
    tasks_.begin_turn();
    const bool came = serve_events();
    const bool expired = expire_timers();
    tasks_.run();
    end_turn();

    quiet_turns_ = came || expired ? 0 : quiet_turns_ + 1;
    if (quiet_turns_ == most_quiet_turns) {
        world_.fail("a worker goes round without a wait");
    }
}

// Some of what is ready is reported in the next turn only, as if there were
// more than the array of epoll_wait(2) holds.
bool SimulatedLoop::serve_events() {
    auto edges = std::exchange(edges_, {});
    world_.chance().shuffle(edges);
    bool came = false;

    for (const std::uint64_t number : edges) {
        const auto found = watches_.find(number);
        if (found == watches_.end()) {
            continue;
        }
        if (came && world_.chance().one_in(10)) {
            edges_.push_back(number);
            continue;
        }
        came = true;
        world_.note("event", number);
        found->second->serve();
    }
    if (!watches_.empty() && world_.chance().one_in(500)) {
        watches_.begin()->second->disturb();
    }
    return came;
}

bool SimulatedLoop::expire_timers() {
    const auto time = now();
    bool waited = false;
    // timers that are set to the past by others wait for the next turn
    for (auto most = timers_.size();
         most != 0 && !timers_.empty() && timers_.begin()->first <= time;
         --most) {
        world_.note("timer");
        waited |= timers_.begin()->second->expire();
    }
    return waited;
}

}  // namespace simulate
