/*
 * All figures of all workers at one time, as plain numbers.
 */

#pragma once

#include "backends/meter.hpp"
#include "status/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace session_cache {

template <std::size_t n>
using Numbers = std::array<std::uint64_t, n>;

template <std::size_t n>
void add_to(Numbers<n>& sums, const std::array<coro::Counter, n>& counters) {
    for (std::size_t i = 0; i < n; ++i) {
        sums[i] += counters[i].get();
    }
}

struct Level {
    std::uint64_t now = 0;
    std::uint64_t highest = 0; /* in any one worker */

    explicit Level(const coro::Gauge& gauge) noexcept
        : now(gauge.now()), highest(gauge.highest()) {}
    Level() = default;
};

/* A server of a store. */
struct ServerName {
    std::string type; /* "redis" or "memcached" */
    std::string name; /* as configured, with its port */

    bool operator==(const ServerName&) const = default;
};

struct ServerTotals {
    ServerName server;
    Numbers<backends::n_fetch_results> fetches{};
    Numbers<backends::n_changes> stores{};
    Numbers<backends::n_changes> erases{};
    std::uint64_t bytes_fetched = 0;
    std::uint64_t bytes_stored = 0;
    std::uint64_t connects = 0;
    std::uint64_t losses = 0;
    Level queue;
    Numbers<backends::Histogram::size> latency{};
    std::uint64_t latency_sum = 0; /* microseconds */
};

/* A server's clock compared with the worker's, as in Meter. */
struct Clock {
    std::int64_t ahead = 0;
    std::int64_t at = -1;

    bool is_wanted() const noexcept { return at >= 0; }
};

/* A worker's connection to a server. */
struct Connected {
    ServerName server;
    backends::Meter::State state{};
    std::int64_t since = 0; /* seconds since 1970 */
    Level queue;
    int slots = -1;        /* of a cluster, as in Meter */
    std::int64_t told = 0; /* likewise */
    Clock clock{};
    unsigned failing = 0; /* as in Meter, likewise below */
    std::string error{};
    std::int64_t error_at = 0;
    std::int64_t wrong_since = 0;

    /* Whether the last request of the kind with this number failed. */
    bool fails(std::size_t kind) const noexcept {
        return (failing >> kind & 1U) != 0;
    }

    /* A connection that is not needed, as in an exiting worker, is healthy. */
    bool is_healthy() const noexcept {
        using State = backends::Meter::State;
        return state == State::closed || (state == State::up && failing == 0);
    }
};

/* Stateless tickets, and the keys for them. */
struct TicketTotals {
    Level keys;
    std::uint64_t rotated = 0;
    std::uint64_t late = 0;
    std::uint64_t seeds_made = 0;
    std::uint64_t seeds_fetched = 0;
    std::uint64_t seeds_put_back = 0;
    Numbers<tickets::n_ages> opened{};
    Numbers<tickets::n_unopened> not_opened{};
};

struct WorkerState {
    pid_t pid = 0;
    Level suspended;
    Level stacks;
    std::int64_t ticket_slot = 0; /* as in tickets::Meter */
    std::vector<Connected> servers{};
};

/* How handshakes ended in a minute. */
struct Minute {
    std::int64_t begin = 0; /* seconds since 1970 */
    Numbers<n_endings> endings{};
};

/* The source of the figures. */
struct ModuleInfo {
    std::string version{}; /* "ngx_ssl_session_cache/0.1.0" */
    std::string nginx{};   /* "1.22.1" */
    std::string openssl{};
    std::string host{};
};

/* A sealing key of this node's configuration. */
struct KeyInfo {
    std::string id;       /* in hexadecimal, as the log has it */
    bool primary = false; /* sessions are sealed with it */
};

struct Snapshot {
    std::int64_t time = 0; /* seconds since 1970 */
    ModuleInfo module{};
    std::vector<KeyInfo> keys{};
    Numbers<n_endings> endings{};
    std::vector<Minute> minutes{}; /* of the last hour, the oldest first */
    Numbers<n_outcomes> outcomes{};
    Numbers<n_refusals> refusals{};
    Numbers<n_early_data_outcomes> early_data{};
    std::uint64_t not_stored = 0;
    Level suspended;
    Level stacks;
    TicketTotals tickets{};
    std::vector<ServerTotals> servers{};
    std::vector<WorkerState> workers{};

    /* Adds the figures of one worker. `pid` is 0 if the worker has ended. */
    void add(const Tally& tally, pid_t pid);

    /* Adds the figures of a server. `in_use`: the worker added last uses it
     * now. */
    void add(const ServerName& server, const backends::Meter& meter,
             bool in_use);
};

}  // namespace session_cache
