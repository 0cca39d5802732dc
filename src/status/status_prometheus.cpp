#include "status/figure_names.hpp"
#include "status/status_format.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace session_cache {

namespace {

using backends::Histogram;

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::vector<Label>;

/* Writes metrics, with the family's header before its first one. */
class Metrics {
  public:
    void family(std::string_view name, std::string_view type,
                std::string_view help) {
        name_ = "ngx_ssl_session_cache_" + std::string(name);
        text_.append("# HELP ").append(name_).append(" ").append(help);
        text_.append("\n# TYPE ").append(name_).append(" ").append(type);
        text_ += '\n';
    }

    /* `suffix` is for the parts of a histogram. */
    void add(const Labels& labels, const std::string& value,
             std::string_view suffix = {}) {
        text_.append(name_).append(suffix);
        char separator = '{';
        for (const auto& [name, label] : labels) {
            (text_ += separator).append(name).append("=\"");
            append_escaped(label);
            text_ += '"';
            separator = ',';
        }
        if (separator == ',') {
            text_ += '}';
        }
        text_.append(" ").append(value) += '\n';
    }

    void add(const Labels& labels, std::uint64_t value,
             std::string_view suffix = {}) {
        add(labels, std::to_string(value), suffix);
    }

    template <std::size_t n>
    void add(const Labels& labels, std::string_view label,
             const Names<n>& names, const Numbers<n>& numbers) {
        for (std::size_t i = 0; i < n; ++i) {
            Labels all = labels;
            all.emplace_back(label, names[i]);
            if (*names[i] != '\0') {
                add(all, numbers[i]);
            }
        }
    }

    void gauge(std::string_view name, const Level& level,
               std::string_view help) {
        family(name, "gauge", help);
        add({}, level.now);
        family(std::string(name) + "_highest", "gauge",
               std::string(help) + " The highest number in any one worker.");
        add({}, level.highest);
    }

    std::string take() { return std::move(text_); }

  private:
    void append_escaped(std::string_view label) {
        for (char c : label) {
            if (c == '\\' || c == '"') {
                text_ += '\\';
            }
            text_ += c == '\n' ? ' ' : c;
        }
    }

    std::string name_;
    std::string text_;
};

/* Converts a duration to Prometheus' unit. */
std::string seconds(std::uint64_t microseconds) {
    return nlohmann::json(static_cast<double>(microseconds) / 1e6).dump();
}

void add_latency(Metrics& metrics, const Labels& labels,
                 const ServerTotals& totals) {
    std::uint64_t count = 0;

    for (std::size_t i = 0; i < Histogram::size; ++i) {
        std::string bound = i < Histogram::bounds.size()
                                ? seconds(Histogram::bounds[i])
                                : "+Inf";
        Labels all = labels;
        all.emplace_back("le", bound);
        count += totals.latency[i];
        metrics.add(all, count, "_bucket");
    }
    metrics.add(labels, seconds(totals.latency_sum), "_sum");
    metrics.add(labels, count, "_count");
}

/* Calls `add` for each server. */
template <typename Add>
void for_each_server(const Snapshot& snapshot, const Add& add) {
    for (const ServerTotals& totals : snapshot.servers) {
        add(Labels{{"type", totals.server.type},
                   {"server", totals.server.name}},
            totals);
    }
}

/* The first outcome, none, is not counted. */
constexpr Names<n_early_data_outcomes - 1> early_data_names{
    text(EarlyDataOutcome::accepted), text(EarlyDataOutcome::replayed),
    text(EarlyDataOutcome::unknown)};

Numbers<early_data_names.size()> early_data_of(const Snapshot& snapshot) {
    Numbers<early_data_names.size()> numbers{};
    std::copy(snapshot.early_data.begin() + 1, snapshot.early_data.end(),
              numbers.begin());
    return numbers;
}

/* A label "-" would have to be quoted wherever it is used. */
Names<n_outcomes> outcome_labels() {
    Names<n_outcomes> labels = outcome_texts;
    labels.at(static_cast<std::size_t>(Outcome::none)) = "none";
    return labels;
}

void add_module(Metrics& metrics, const Snapshot& snapshot) {
    const ModuleInfo& module = snapshot.module;
    std::string_view version = module.version;
    version.remove_prefix(version.find('/') + 1);

    metrics.family("build_info", "gauge",
                   "Versions of the module, nginx and OpenSSL.");
    metrics.add({{"version", version},
                 {"nginx", module.nginx},
                 {"openssl", module.openssl}},
                1);
    metrics.family("key_info", "gauge",
                   "Keys of this node for sealed sessions; primary ones seal.");
    for (const KeyInfo& key : snapshot.keys) {
        metrics.add(
            {{"id", key.id}, {"primary", key.primary ? "true" : "false"}}, 1);
    }
}

void add_handshakes(Metrics& metrics, const Snapshot& snapshot) {
    metrics.family("handshakes_total", "counter", "TLS handshakes, by end.");
    metrics.add({}, "end", ending_names, snapshot.endings);
    metrics.family("lookups_total", "counter",
                   "Complete handshakes, by status of the session cache.");
    metrics.add({}, "status", outcome_labels(), snapshot.outcomes);
    metrics.family("early_data_total", "counter",
                   "Early data that is accepted only once, by result.");
    metrics.add({}, "result", early_data_names, early_data_of(snapshot));
    metrics.family("refused_values_total", "counter",
                   "Values from the store that were refused, by reason.");
    metrics.add({}, "reason", refusal_texts, snapshot.refusals);
    metrics.family("sessions_not_stored_total", "counter",
                   "Sessions that had expired or were too long to be stored.");
    metrics.add({}, snapshot.not_stored);
    metrics.gauge("suspended_handshakes", snapshot.suspended,
                  "Handshakes that are waiting for the store.");
    metrics.gauge("stacks", snapshot.stacks, "Stacks of coroutines in use.");
    metrics.family("workers", "gauge", "Worker processes.");
    metrics.add({}, snapshot.workers.size());
}

/* The oldest slot whose key a worker makes tickets with. 0 if a worker has no
 * key, or there is no worker. */
std::int64_t oldest_slot(const Snapshot& snapshot) {
    auto oldest = std::ranges::min_element(snapshot.workers, {},
                                           &WorkerState::ticket_slot);
    return oldest != snapshot.workers.end() ? oldest->ticket_slot : 0;
}

void add_tickets(Metrics& metrics, const Snapshot& snapshot) {
    const TicketTotals& tickets = snapshot.tickets;

    metrics.family("tickets_opened_total", "counter",
                   "Stateless tickets that were opened with a shared key, by "
                   "the age of its slot.");
    metrics.add({}, "slot", age_names, tickets.opened);
    metrics.family("tickets_not_opened_total", "counter",
                   "Stateless tickets that were not used, by reason.");
    metrics.add({}, "reason", unopened_names, tickets.not_opened);
    metrics.gauge("ticket_keys", tickets.keys, "Ticket keys that are held.");
    metrics.family("ticket_key_rotations_total", "counter",
                   "Slots that began, counted by each worker.");
    metrics.add({}, tickets.rotated);
    metrics.family("ticket_keys_late_total", "counter",
                   "Slots that began without a key of their own.");
    metrics.add({}, tickets.late);
    metrics.family("ticket_seeds_total", "counter",
                   "Seeds of ticket keys, by what was done with them.");
    metrics.add({}, "what", Names<3>{"made", "fetched", "put_back"},
                Numbers<3>{tickets.seeds_made, tickets.seeds_fetched,
                           tickets.seeds_put_back});
    metrics.family("ticket_slot_timestamp_seconds", "gauge",
                   "Beginning of the slot whose key makes tickets, the "
                   "earliest of all workers; 0 if one has none.");
    metrics.add({}, static_cast<std::uint64_t>(oldest_slot(snapshot)));
}

void add_requests(Metrics& metrics, const Snapshot& snapshot) {
    metrics.family("store_fetches_total", "counter", "Fetches, by result.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, "result", fetch_names, totals.fetches);
    });
    metrics.family("store_sets_total", "counter", "Sets, by result.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, "result", change_names, totals.stores);
    });
    metrics.family("store_deletes_total", "counter", "Deletes, by result.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, "result", change_names, totals.erases);
    });
    metrics.family("store_value_bytes_total", "counter", "Bytes of values.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, "direction", Names<2>{"fetched", "stored"},
                    Numbers<2>{totals.bytes_fetched, totals.bytes_stored});
    });
    metrics.family("store_fetch_duration_seconds", "histogram",
                   "How long fetches waited.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        add_latency(metrics, labels, totals);
    });
}

/* For each state, the number of workers whose connection has it. */
Numbers<state_names.size()> states_of(const Snapshot& snapshot,
                                      const ServerName& server) {
    Numbers<state_names.size()> states{};
    for (const WorkerState& worker : snapshot.workers) {
        for (const Connected& connected : worker.servers) {
            if (connected.server == server) {
                ++states.at(static_cast<std::size_t>(connected.state));
            }
        }
    }
    return states;
}

/*
 * The fewest slots of a cluster that a worker knows, and the earliest time at
 * which a worker learned them. None if it is no cluster, or no worker uses it.
 */
std::optional<Connected> least_of(const Snapshot& snapshot,
                                  const ServerName& server) {
    std::optional<Connected> least;
    for (const WorkerState& worker : snapshot.workers) {
        for (const Connected& connected : worker.servers) {
            if (connected.server != server || connected.slots < 0) {
                continue;
            }
            least = least.value_or(connected);
            least->slots = std::min(least->slots, connected.slots);
            least->told = std::min(least->told, connected.told);
        }
    }
    return least;
}

void add_clusters(Metrics& metrics, const Snapshot& snapshot) {
    const auto add = [&](const auto& of) {
        for_each_server(
            snapshot, [&](const Labels& labels, const auto& totals) {
                if (auto least = least_of(snapshot, totals.server)) {
                    metrics.add(labels, static_cast<std::uint64_t>(of(*least)));
                }
            });
    };

    metrics.family("store_cluster_slots", "gauge",
                   "Slots of a cluster that a connected server has, in the "
                   "worker with the fewest.");
    add([](const Connected& cluster) { return cluster.slots; });
    metrics.family(
        "store_cluster_told_timestamp_seconds", "gauge",
        "When the cluster last told its slots, the earliest of all workers.");
    add([](const Connected& cluster) { return cluster.told; });
}

/* The comparisons of a server's clock by workers that need it. */
std::vector<Clock> clocks_of(const Snapshot& snapshot,
                             const ServerName& server) {
    std::vector<Clock> clocks;
    for (const WorkerState& worker : snapshot.workers) {
        for (const Connected& connected : worker.servers) {
            if (connected.server == server && connected.clock.is_wanted()) {
                clocks.push_back(connected.clock);
            }
        }
    }
    return clocks;
}

/* A clock that the server did not give has no metric. */
void add_ahead(Metrics& metrics, const Labels& labels,
               std::vector<Clock> clocks) {
    std::erase_if(clocks, [](const Clock& clock) { return clock.at == 0; });
    if (clocks.empty()) {
        return;
    }

    auto worst = std::max_element(
        clocks.begin(), clocks.end(), [](const Clock& a, const Clock& b) {
            return std::abs(a.ahead) < std::abs(b.ahead);
        });
    metrics.add(labels,
                nlohmann::json(static_cast<double>(worst->ahead) / 1e3).dump());
}

void add_compared(Metrics& metrics, const Labels& labels,
                  const std::vector<Clock>& clocks) {
    if (!clocks.empty()) {
        auto oldest = std::min_element(
            clocks.begin(), clocks.end(),
            [](const Clock& a, const Clock& b) { return a.at < b.at; });
        metrics.add(labels, static_cast<std::uint64_t>(oldest->at));
    }
}

void add_clocks(Metrics& metrics, const Snapshot& snapshot) {
    metrics.family("store_clock_ahead_seconds", "gauge",
                   "How far a server's clock is ahead of this machine's, in "
                   "the worker where they differ most.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        add_ahead(metrics, labels, clocks_of(snapshot, totals.server));
    });
    metrics.family("store_clock_compared_timestamp_seconds", "gauge",
                   "When the clocks were last compared, the earliest of all "
                   "workers; 0 if the server does not tell the time.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        add_compared(metrics, labels, clocks_of(snapshot, totals.server));
    });
}

/* The health of all workers' connections to a server. */
struct Health {
    bool is_well = true;
    Numbers<backends::n_kinds> failing{}; /* workers, by what fails */
    std::int64_t wrong_since = 0; /* the earliest; 0: nothing is wrong */

    void add(const Connected& connected) {
        is_well = is_well && connected.is_healthy();
        for (std::size_t i = 0; i < failing.size(); ++i) {
            failing.at(i) += connected.fails(i) ? 1 : 0;
        }
        if (connected.wrong_since != 0 &&
            (wrong_since == 0 || connected.wrong_since < wrong_since)) {
            wrong_since = connected.wrong_since;
        }
    }
};

Health health_of(const Snapshot& snapshot, const ServerName& server) {
    Health health;
    for (const WorkerState& worker : snapshot.workers) {
        for (const Connected& connected : worker.servers) {
            if (connected.server == server) {
                health.add(connected);
            }
        }
    }
    return health;
}

void add_health(Metrics& metrics, const Snapshot& snapshot) {
    metrics.family("store_healthy", "gauge",
                   "Whether all workers are connected, and the last request of "
                   "each kind worked.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, health_of(snapshot, totals.server).is_well ? 1 : 0);
    });
    metrics.family("store_failing_workers", "gauge",
                   "Workers whose last request of that kind failed.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, "request", kind_names,
                    health_of(snapshot, totals.server).failing);
    });
    metrics.family(
        "store_wrong_since_timestamp_seconds", "gauge",
        "When the oldest present problem began; 0 if there is none.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels,
                    static_cast<std::uint64_t>(
                        health_of(snapshot, totals.server).wrong_since));
    });
}

void add_connections(Metrics& metrics, const Snapshot& snapshot) {
    metrics.family("store_connections", "gauge",
                   "Connections of workers, by state.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, "state", state_names,
                    states_of(snapshot, totals.server));
    });
    metrics.family("store_connects_total", "counter",
                   "Connections that were made.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, totals.connects);
    });
    metrics.family("store_losses_total", "counter",
                   "Connections that were lost.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, totals.losses);
    });
    metrics.family("store_queue_length", "gauge",
                   "Requests that the store has not answered yet.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, totals.queue.now);
    });
    metrics.family("store_queue_length_highest", "gauge",
                   "The longest queue in any one worker.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, totals.queue.highest);
    });
}

}  // namespace

std::string to_prometheus(const Snapshot& snapshot) {
    Metrics metrics;

    add_module(metrics, snapshot);
    add_handshakes(metrics, snapshot);
    add_tickets(metrics, snapshot);
    add_requests(metrics, snapshot);
    add_connections(metrics, snapshot);
    add_health(metrics, snapshot);
    add_clusters(metrics, snapshot);
    add_clocks(metrics, snapshot);
    return metrics.take();
}

}  // namespace session_cache
