#include "status/snapshot.hpp"

#include <algorithm>

namespace session_cache {

namespace {

using session_cache::add_to;

/* A worker that has ended has no current level. */
void add_to(Level& sum, const coro::Gauge& gauge, bool alive) {
    sum.now += alive ? gauge.now() : 0;
    sum.highest = std::max(sum.highest, gauge.highest());
}

void add_to(TicketTotals& sums, const tickets::Meter& meter, bool alive) {
    add_to(sums.keys, meter.keys, alive);
    sums.rotated += meter.rotated.get();
    sums.late += meter.late.get();
    sums.seeds_made += meter.made.get();
    sums.seeds_fetched += meter.fetched.get();
    sums.seeds_put_back += meter.put_back.get();
    add_to(sums.opened, meter.opened);
    add_to(sums.not_opened, meter.not_opened);
}

ServerTotals& totals_of(std::vector<ServerTotals>& all,
                        const ServerName& server) {
    auto known = std::find_if(all.begin(), all.end(), [&](const auto& totals) {
        return totals.server == server;
    });
    if (known != all.end()) {
        return *known;
    }

    ServerTotals& fresh = all.emplace_back();
    fresh.server = server;
    return fresh;
}

}  // namespace

void Snapshot::add(const Tally& tally, pid_t pid) {
    bool alive = pid != 0;

    add_to(endings, tally.endings);
    add_to(outcomes, tally.outcomes);
    add_to(refusals, tally.refusals);
    add_to(early_data, tally.early_data);
    not_stored += tally.not_stored.get();
    add_to(suspended, tally.suspended, alive);
    add_to(stacks, tally.stacks, alive);
    add_to(tickets, tally.tickets, alive);

    if (alive) {
        workers.push_back({pid, Level(tally.suspended), Level(tally.stacks),
                           tally.tickets.slot});
    }
}

void Snapshot::add(const ServerName& server, const backends::Meter& meter,
                   bool in_use) {
    ServerTotals& totals = totals_of(servers, server);

    add_to(totals.fetches, meter.fetches);
    add_to(totals.stores, meter.stores);
    add_to(totals.erases, meter.erases);
    totals.bytes_fetched += meter.bytes_fetched.get();
    totals.bytes_stored += meter.bytes_stored.get();
    totals.connects += meter.connects.get();
    totals.losses += meter.losses.get();
    add_to(totals.queue, meter.queue, in_use);
    add_to(totals.latency, meter.latency.classes());
    totals.latency_sum += meter.latency.sum();

    if (in_use) {
        workers.back().servers.push_back({server,
                                          meter.state,
                                          meter.since,
                                          Level(meter.queue),
                                          meter.slots,
                                          meter.told,
                                          {meter.clock_ahead, meter.clock_at},
                                          meter.failing,
                                          meter.error.get(),
                                          meter.error_at,
                                          meter.wrong_since});
    }
}

}  // namespace session_cache
