// All figures in both formats, word for word: t/status/whole has them, to be
// read. With WRITE_WHOLE=1 in the environment this test writes them anew.

#include "status/status_format.hpp"
#include "support/whole.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace session_cache;
using State = backends::Meter::State;

namespace {

// Gives each figure a number of its own.
class Numberer {
  public:
    std::uint64_t next() { return ++last_; }

    Level level() {
        Level level;
        level.now = next();
        level.highest = next();
        return level;
    }
    template <std::size_t n>
    void fill(Numbers<n>& numbers) {
        for (auto& number : numbers) {
            number = next();
        }
    }

  private:
    std::uint64_t last_ = 100;
};

ServerTotals totals(Numberer& number, const ServerName& server) {
    ServerTotals all;
    all.server = server;
    number.fill(all.fetches);
    number.fill(all.stores);
    number.fill(all.erases);
    all.bytes_fetched = number.next();
    all.bytes_stored = number.next();
    all.connects = number.next();
    all.losses = number.next();
    all.queue = number.level();
    number.fill(all.latency);
    all.latency_sum = number.next();
    return all;
}

// A worker's connections, in these states.
WorkerState worker(Numberer& number, const ServerName& server,
                   const std::vector<State>& states) {
    WorkerState worker;
    worker.pid = static_cast<pid_t>(number.next());
    worker.suspended = number.level();
    worker.stacks = number.level();
    worker.ticket_slot = 1'700'000'000;
    unsigned failing = 0;
    for (const State state : states) {
        Connected connected;
        connected.server = server;
        connected.state = state;
        connected.since = 1'700'000'000 + static_cast<int>(number.next());
        connected.queue = number.level();
        connected.slots = static_cast<int>(number.next());
        connected.told = 1'700'000'000 + static_cast<int>(number.next());
        connected.clock = {static_cast<int>(number.next()),
                           1'700'000'000 + static_cast<int>(number.next())};
        connected.failing = failing;
        connected.error = failing != 0 ? "SETEX failed: OOM" : "";
        connected.error_at = failing != 0 ? 1'700'000'001 : 0;
        connected.wrong_since = failing != 0 ? 1'700'000'002 : 0;
        failing = failing * 2 + 1;
        worker.servers.push_back(connected);
    }
    return worker;
}

Snapshot figures() {
    Numberer number;
    Snapshot all;
    all.time = 1'700'000'123;
    all.module = {"ngx_ssl_session_cache/0.1.0", "1.22.1", "OpenSSL 3.0.17",
                  "node1"};
    all.keys = {{"0123456789abcdef", true}, {"fedcba9876543210", false}};
    number.fill(all.endings);
    all.minutes = {{1'700'000'040, {1, 2, 3, 4, 5}}, {1'700'000'100, {6}}};
    number.fill(all.outcomes);
    number.fill(all.refusals);
    number.fill(all.early_data);
    all.not_stored = number.next();
    all.suspended = number.level();
    all.stacks = number.level();
    all.tickets.keys = number.level();
    all.tickets.rotated = number.next();
    all.tickets.late = number.next();
    all.tickets.seeds_made = number.next();
    all.tickets.seeds_fetched = number.next();
    all.tickets.seeds_put_back = number.next();
    number.fill(all.tickets.opened);
    number.fill(all.tickets.not_opened);
    const ServerName redis{"redis", "10.0.0.5:6379"};
    const ServerName memcached{"memcached", "unix:/run/m\"1\".sock"};
    all.servers = {totals(number, redis), totals(number, memcached)};
    all.workers = {
        worker(number, redis,
               {State::connecting, State::up, State::down, State::closed}),
        worker(number, memcached,
               {State::up, State::up, State::up, State::down})};
    return all;
}

void check(const std::string& name, const Snapshot& snapshot) {
    support::check_whole("status/whole/" + name + ".json", to_json(snapshot));
    support::check_whole("status/whole/" + name + ".prom",
                         to_prometheus(snapshot));
}

}  // namespace

TEST_CASE("whole: each figure has its place") {
    check("figures", figures());
}

TEST_CASE("whole: so it has when there is nothing yet") {
    check("nothing", Snapshot());
}
