// The sums of what workers have counted.

#include "status/snapshot.hpp"

#include <doctest/doctest.h>

using namespace session_cache;
using backends::Change;
using backends::Meter;
using backends::Status;

namespace {

const ServerName redis{"redis", "127.0.0.1:6379"};
const ServerName memcached{"memcached", "127.0.0.1:11211"};

template <class Index, std::size_t n>
auto& at(std::array<coro::Counter, n>& counters, Index index) {
    return counters.at(static_cast<std::size_t>(index));
}

template <class Index, std::size_t n>
auto at(const Numbers<n>& numbers, Index index) {
    return numbers.at(static_cast<std::size_t>(index));
}

}  // namespace

TEST_CASE("snapshot: what was counted stays when a worker ends") {
    Tally living, ended;
    at(living.endings, Ending::full).add(3);
    at(ended.endings, Ending::full).add(4);
    at(ended.outcomes, Outcome::hit).add(5);
    at(ended.refusals, Refusal::forged).add(6);
    ended.not_stored.add();
    at(living.early_data, EarlyDataOutcome::replayed).add(2);
    at(ended.early_data, EarlyDataOutcome::replayed).add(3);

    Snapshot sums;
    sums.add(living, 77);
    sums.add(ended, 0);
    CHECK(at(sums.endings, Ending::full) == 7);
    CHECK(at(sums.outcomes, Outcome::hit) == 5);
    CHECK(at(sums.refusals, Refusal::forged) == 6);
    CHECK(sums.not_stored == 1);
    CHECK(at(sums.early_data, EarlyDataOutcome::replayed) == 5);
    REQUIRE(sums.workers.size() == 1);
    CHECK(sums.workers[0].pid == 77);
}

TEST_CASE("snapshot: what there is now counts for the living only") {
    Tally living, ended;
    living.suspended.set(2);
    living.suspended.set(1);
    ended.suspended.set(9);
    ended.stacks.set(8);

    Snapshot sums;
    sums.add(living, 77);
    sums.add(ended, 0);
    CHECK(sums.suspended.now == 1);
    CHECK(sums.suspended.highest == 9);
    CHECK(sums.stacks.now == 0);
    CHECK(sums.workers[0].suspended.highest == 2);
}

TEST_CASE("snapshot: tickets and their keys are summed") {
    using tickets::Age;
    using tickets::Unopened;
    Tally living, ended;
    living.tickets.add(Age::current);
    living.tickets.slot = 3600;
    living.tickets.keys.set(3);
    living.tickets.keys.set(2);
    ended.tickets.add(Age::current);
    ended.tickets.add(Age::older);
    ended.tickets.add(Unopened::foreign);
    ended.tickets.add(Unopened::refused);
    ended.tickets.slot = 7200;
    ended.tickets.keys.set(9);
    for (Tally* tally : {&living, &ended}) {
        tally->tickets.rotated.add(1);
        tally->tickets.late.add(2);
        tally->tickets.made.add(3);
        tally->tickets.fetched.add(4);
        tally->tickets.put_back.add(5);
    }

    Snapshot sums;
    sums.add(living, 77);
    sums.add(ended, 0);
    const TicketTotals& totals = sums.tickets;
    CHECK(totals.opened == Numbers<tickets::n_ages>{2, 0, 1});
    CHECK(totals.not_opened == Numbers<tickets::n_unopened>{1, 0, 0, 0, 1});
    CHECK(totals.rotated == 2);
    CHECK(totals.late == 4);
    CHECK(totals.seeds_made == 6);
    CHECK(totals.seeds_fetched == 8);
    CHECK(totals.seeds_put_back == 10);
    CHECK(totals.keys.now == 2);
    CHECK(totals.keys.highest == 9);
    REQUIRE(sums.workers.size() == 1);
    CHECK(sums.workers[0].ticket_slot == 3600);
}

TEST_CASE("snapshot: a worker's cluster has slots, and nothing else has") {
    const Tally tally;
    Meter one, cluster;
    cluster.slots = 5461;
    cluster.told = 1234567890;

    Snapshot sums;
    sums.add(tally, 77);
    sums.add(redis, one, true);
    sums.add({"redis", "cluster of n1:6379"}, cluster, true);
    REQUIRE(sums.workers[0].servers.size() == 2);
    CHECK(sums.workers[0].servers[0].slots == -1);
    CHECK(sums.workers[0].servers[1].slots == 5461);
    CHECK(sums.workers[0].servers[1].told == 1234567890);
}

TEST_CASE("snapshot: a clock is told of whom it is asked") {
    const Tally tally;
    Meter one, two, three;
    two.clock_at = 0;
    three.note_clock(std::chrono::hours(-24 * 365));

    Snapshot sums;
    sums.add(tally, 77);
    for (const auto* meter : {&one, &two, &three}) {
        sums.add(redis, *meter, true);
    }
    const auto& servers = sums.workers[0].servers;
    CHECK_FALSE(servers[0].clock.is_wanted());
    CHECK(servers[1].clock.is_wanted());
    CHECK(servers[1].clock.at == 0);
    CHECK(servers[2].clock.at > 1'700'000'000);
    CHECK(servers[2].clock.ahead == -2'147'483'647);
}

TEST_CASE("snapshot: servers are summed by their names") {
    const Tally tally;
    Meter one, two, other;
    at(one.fetches, Status::hit).add(1);
    at(two.fetches, Status::hit).add(2);
    at(two.stores, Change::lost).add(3);
    at(other.erases, Change::done).add(4);
    one.bytes_fetched.add(100);
    two.latency.add(std::chrono::microseconds(70));
    two.connects.add(2);
    two.losses.add();
    one.queue.set(5);
    two.queue.set(6);

    Snapshot sums;
    sums.add(tally, 77);
    sums.add(redis, one, true);
    sums.add(memcached, other, true);
    // Its worker lives, but does not use it any more.
    sums.add(tally, 78);
    sums.add(redis, two, false);

    REQUIRE(sums.servers.size() == 2);
    const auto& totals = sums.servers[0];
    CHECK(totals.server == redis);
    CHECK(at(totals.fetches, Status::hit) == 3);
    CHECK(at(totals.stores, Change::lost) == 3);
    CHECK(totals.bytes_fetched == 100);
    CHECK(totals.latency[1] == 1);
    CHECK(totals.latency_sum == 70);
    CHECK(totals.connects == 2);
    CHECK(totals.losses == 1);
    CHECK(totals.queue.now == 5);
    CHECK(totals.queue.highest == 6);
    CHECK(at(sums.servers[1].erases, Change::done) == 4);
    CHECK(sums.workers[0].servers.size() == 2);
    CHECK(sums.workers[1].servers.empty());
}
