#pragma once

#include "backends/store.hpp"
#include "coro/coroutine.hpp"
#include "coro/stack_pool.hpp"
#include "simulate/simulated_loop.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace simulate {

// What the clients of a run may rely on, and their counts.
struct Terms {
    Milliseconds interval{200};
    Milliseconds timeout{1000};
    std::size_t count = 5000;
    bool surveyed = false;
    bool has_tickets = false;
    bool has_lies = false;  // a server may forget what it has confirmed
};

// A worker process: the product's own scheduler and client, and handshakes that
// ask the store. It checks the results.
class Worker {
  public:
    using Make = std::function<std::unique_ptr<backends::Store>(
        coro::Scheduler& scheduler, backends::Options options,
        backends::Log log, backends::Meters& meters)>;

    Worker(World& world, std::size_t number, const Terms& terms,
           const Make& make);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Each runs in a coroutine of its own. The values contain the key.
    void fetch(const std::string& key);
    void store(const std::string& key);
    void erase(const std::string& key);
    void add(const std::string& key);
    void claim(const std::string& key, std::function<void()> accepted);
    // Stores and fetches a key that no other worker has. Unless it is patient,
    // it sometimes has a deadline of its own.
    void store_and_fetch(bool is_patient = false);

    // Runs any body in a coroutine. Only what it calls may wait.
    bool start(std::function<void()> body);

    // How often the worker found its own value.
    std::uint64_t found() const { return found_; }
    std::uint64_t fetches() const { return fetches_; }

    // Cancels one of the present waits.
    void cancel();

    void close();
    bool has_ended() const { return scheduler_.alive() == 0; }

    std::size_t queued() const;
    std::size_t number() const { return number_; }
    SimulatedLoop& loop() { return loop_; }
    coro::Scheduler& scheduler() { return scheduler_; }
    backends::Store& client() { return *store_; }
    const Terms& terms() const { return terms_; }

    // Called when a connection is up.
    std::function<void()> connected;

  private:
    // Meters of each server of the store. Those of servers that are gone still
    // count.
    class OwnMeters : public backends::Meters {
      public:
        backends::Meter& take(const std::string& /* name */) override {
            return all.emplace_back();
        }
        void give_back(backends::Meter& /* meter */) noexcept override {}
        std::list<backends::Meter> all;
    };
    struct Operation;

    std::shared_ptr<Operation> begin(const char* what, const std::string& key);
    void end(Operation& operation);
    void judge(const Operation& operation, const backends::Fetched& fetched);
    std::uint64_t mishaps() const;
    std::string value_of(const std::string& key);
    backends::Log logger();

    World& world_;
    const std::size_t number_;
    const Terms terms_;
    SimulatedLoop loop_;
    coro::StackPool stacks_;
    coro::Scheduler scheduler_;
    OwnMeters meters_;
    std::size_t queued_ = 0;  // by all that share a queue
    std::unique_ptr<backends::Store> store_;
    std::list<std::shared_ptr<Operation>> operations_;
    std::uint64_t found_ = 0;
    std::uint64_t fetches_ = 0;
};

}  // namespace simulate
