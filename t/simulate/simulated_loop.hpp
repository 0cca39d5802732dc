#pragma once

#include "coro/loop.hpp"
#include "simulate/world.hpp"
#include "support/task_queue.hpp"

#include <map>
#include <memory>
#include <vector>

namespace simulate {

// The client's end of a connection, as in a kernel.
class Socket {
  public:
    virtual ~Socket() = default;

    // An OR of coro::Readiness.
    virtual unsigned readiness() const = 0;

    // Its descriptor is closed.
    virtual void close() = 0;

    // Called at each change that epoll would report. May be null.
    std::function<void()> changed;
};

// A worker's event loop in virtual time, as in nginx with epoll (edge) or with
// poll and select (level). The order of ready sockets, the delay of a turn and
// refusals of sockets are random.
class SimulatedLoop : public coro::Loop {
  public:
    enum class Triggered { edge, level };

    SimulatedLoop(World& world, Triggered triggered)
        : world_(world), triggered_(triggered) {}
    ~SimulatedLoop() override;
    SimulatedLoop(const SimulatedLoop&) = delete;
    SimulatedLoop& operator=(const SimulatedLoop&) = delete;

    coro::Time now() const noexcept override {
        return std::chrono::duration_cast<coro::Time>(world_.now());
    }
    std::unique_ptr<coro::Task> make_task(coro::Callback callback) override;
    std::unique_ptr<coro::Timer> make_timer(coro::Callback callback) override;
    std::unique_ptr<coro::Watch> watch(int fd,
                                       coro::Callback callback) override;

    // Runs product code of this worker that no event calls.
    template <class Body>
    void enter(const Body& body) {
        quiet_turns_ = 0;
        begin_turn();
        body();
        end_turn();
    }

    // From now on, refuses one in this many sockets. 0: none.
    void refuse(unsigned one_in) { refuses_ = one_in; }
    // From now on, one in this many allocations in turns fails. 0: none.
    void starve(unsigned one_in) { starves_ = one_in; }
    // Delays the next turn, as if the worker did something else.
    void stall(Micros time) { free_at_ = world_.now() + time; }

    Micros wall_ahead{0};  // the machine's clock

  private:
    class SimulatedTimer;
    class SimulatedWatch;
    using Timers = std::multimap<coro::Time, SimulatedTimer*>;

    void begin_turn();
    void end_turn();
    void schedule(Micros when);
    void schedule_next();
    void turn();
    bool serve_events();
    bool expire_timers();
    bool refuses() { return refuses_ != 0 && world_.chance().one_in(refuses_); }

    World& world_;
    const Triggered triggered_;
    unsigned refuses_ = 0;
    unsigned starves_ = 0;
    Micros free_at_{0};
    Micros turn_at_{Micros::max()};
    std::uint64_t turns_ = 0;
    unsigned quiet_turns_ = 0;  // turns in a row without an event
    bool in_turn_ = false;
    std::size_t made_ = 0;  // existing timers and watches
    support::TaskQueue tasks_{[this] { schedule_next(); }};
    Timers timers_;
    std::map<std::uint64_t, SimulatedWatch*> watches_;
    std::vector<std::uint64_t> edges_;  // watches with changes
    std::uint64_t last_watch_ = 0;
    // Outlives the loop in events of the world.
    std::shared_ptr<SimulatedLoop*> self_ =
        std::make_shared<SimulatedLoop*>(this);
};

}  // namespace simulate
