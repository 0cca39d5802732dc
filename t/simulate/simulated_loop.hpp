#pragma once

#include "coro/loop.hpp"
#include "simulate/world.hpp"
#include "support/task_queue.hpp"

#include <map>
#include <memory>
#include <vector>

namespace simulate {

// The client's end of a connection, as a kernel has it.
class Socket {
  public:
    virtual ~Socket() = default;

    // What it is: an or of coro::Readiness.
    virtual unsigned readiness() const = 0;

    // Its descriptor is closed.
    virtual void close() = 0;

    // Called with each change that epoll would tell of; null: nobody is told.
    std::function<void()> changed;
};

// A worker's event loop in virtual time, as nginx has it with epoll (edge) or
// with poll and select (level). In which order what is ready is served, how
// late a turn comes and which sockets are refused is chance.
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

    // Runs product code of this worker that no event has called.
    template <class Body>
    void enter(const Body& body) {
        quiet_turns_ = 0;
        begin_turn();
        body();
        end_turn();
    }

    // From now on one in so many sockets is refused; 0: none is.
    void refuse(unsigned one_in) { refuses_ = one_in; }
    // From now on one in so many allocations in turns fails; 0: none does.
    void starve(unsigned one_in) { starves_ = one_in; }
    // The next turn comes so much later: the worker does something else.
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
    unsigned quiet_turns_ = 0;  // in a row, in which nothing came
    bool in_turn_ = false;
    std::size_t made_ = 0;  // timers and watches that there are
    support::TaskQueue tasks_{[this] { schedule_next(); }};
    Timers timers_;
    std::map<std::uint64_t, SimulatedWatch*> watches_;
    std::vector<std::uint64_t> edges_;  // of watches that something changed at
    std::uint64_t last_watch_ = 0;
    // Outlives the loop in what the world has for it.
    std::shared_ptr<SimulatedLoop*> self_ =
        std::make_shared<SimulatedLoop*>(this);
};

}  // namespace simulate
