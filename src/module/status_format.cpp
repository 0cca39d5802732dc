#include "module/status_format.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>

namespace session_cache {

namespace {

using Json = nlohmann::ordered_json;
using backends::Histogram;

template <std::size_t n>
using Names = std::array<const char*, n>;

constexpr Names<n_endings> ending_names{"full", "resumed_from_store",
                                        "resumed_from_local",
                                        "resumed_by_ticket", "broken_off"};

constexpr Names<backends::n_fetch_results> fetch_names{
    "hit", "miss", "timeout", "down", "busy", "failed", "cancelled"};

constexpr Names<backends::n_changes> change_names{"done", "failed", "lost",
                                                  "down", "busy"};

constexpr Names<4> state_names{"connecting", "up", "down", "closed"};

const char* name_of(backends::Meter::State state) {
    return state_names.at(static_cast<std::size_t>(state));
}

template <std::size_t n>
Json object_of(const Names<n>& names, const Numbers<n>& numbers) {
    Json object;
    for (std::size_t i = 0; i < n; ++i) {
        object[names[i]] = numbers[i];
    }
    return object;
}

/* The first refusal is that of what is not refused. */
Json refusals_of(const Snapshot& snapshot) {
    Json object = object_of(refusal_texts, snapshot.refusals);
    object.erase(text(Refusal::none));
    return object;
}

Json object_of(const Level& level) {
    return {{"now", level.now}, {"highest", level.highest}};
}

std::uint64_t count_of(const Numbers<Histogram::size>& classes) {
    return std::accumulate(classes.begin(), classes.end(), std::uint64_t{0});
}

Json latency_of(const ServerTotals& totals) {
    Json buckets = Json::array();
    for (std::size_t i = 0; i < Histogram::size; ++i) {
        Json bound = "inf";
        if (i < Histogram::bounds.size()) {
            bound = Histogram::bounds[i];
        }
        buckets.push_back({{"le", bound}, {"count", totals.latency[i]}});
    }

    return {{"count", count_of(totals.latency)},
            {"sum", totals.latency_sum},
            {"p50", quantile(totals.latency, 0.5)},
            {"p90", quantile(totals.latency, 0.9)},
            {"p99", quantile(totals.latency, 0.99)},
            {"buckets", std::move(buckets)}};
}

Json object_of(const ServerTotals& totals) {
    return {
        {"type", totals.server.type},
        {"server", totals.server.name},
        {"fetches", object_of(fetch_names, totals.fetches)},
        {"sets", object_of(change_names, totals.stores)},
        {"deletes", object_of(change_names, totals.erases)},
        {"bytes",
         {{"fetched", totals.bytes_fetched}, {"stored", totals.bytes_stored}}},
        {"connects", totals.connects},
        {"losses", totals.losses},
        {"queue", object_of(totals.queue)},
        {"latency_us", latency_of(totals)}};
}

Json object_of(const WorkerState& worker) {
    Json servers = Json::array();
    for (const Connected& connected : worker.servers) {
        servers.push_back({{"type", connected.server.type},
                           {"server", connected.server.name},
                           {"state", name_of(connected.state)},
                           {"since", connected.since},
                           {"queue", object_of(connected.queue)}});
    }

    return {{"pid", worker.pid},
            {"suspended", object_of(worker.suspended)},
            {"stacks", object_of(worker.stacks)},
            {"servers", std::move(servers)}};
}

template <typename T>
Json array_of(const std::vector<T>& all) {
    Json array = Json::array();
    for (const T& one : all) {
        array.push_back(object_of(one));
    }
    return array;
}

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::vector<Label>;

/* Writes metrics, each with its family's head before the first of them. */
class Metrics {
  public:
    void family(std::string_view name, std::string_view type,
                std::string_view help) {
        name_ = "ngx_ssl_session_cache_" + std::string(name);
        text_.append("# HELP ").append(name_).append(" ").append(help);
        text_.append("\n# TYPE ").append(name_).append(" ").append(type);
        text_ += '\n';
    }

    /* `suffix` is that of a histogram's parts. */
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
               std::string(help) + ": the most there ever were in one worker");
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

/* As Prometheus has durations. */
std::string seconds(std::uint64_t microseconds) {
    return Json(static_cast<double>(microseconds) / 1e6).dump();
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

/* One family: whatever `add` adds for each server. */
template <typename Add>
void for_each_server(const Snapshot& snapshot, const Add& add) {
    for (const ServerTotals& totals : snapshot.servers) {
        add(Labels{{"type", totals.server.type},
                   {"server", totals.server.name}},
            totals);
    }
}

void add_handshakes(Metrics& metrics, const Snapshot& snapshot) {
    metrics.family("handshakes_total", "counter", "TLS handshakes, by end.");
    metrics.add({}, "end", ending_names, snapshot.endings);
    metrics.family("lookups_total", "counter",
                   "Complete handshakes, by what the caches had for them.");
    metrics.add({}, "status", outcome_texts, snapshot.outcomes);
    metrics.family("refused_values_total", "counter",
                   "Stored values that were no sessions, by reason.");
    metrics.add({}, "reason", refusal_texts, snapshot.refusals);
    metrics.family("sessions_not_stored_total", "counter",
                   "Sessions that were expired or too long.");
    metrics.add({}, snapshot.not_stored);
    metrics.gauge("suspended_handshakes", snapshot.suspended,
                  "Handshakes that wait for the store");
    metrics.gauge("stacks", snapshot.stacks, "Stacks of coroutines in use");
    metrics.family("workers", "gauge", "Worker processes.");
    metrics.add({}, snapshot.workers.size());
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

/* How many workers have a connection to the server in that state. */
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
                   "The most that there ever were in one worker.");
    for_each_server(snapshot, [&](const Labels& labels, const auto& totals) {
        metrics.add(labels, totals.queue.highest);
    });
}

}  // namespace

double quantile(const Numbers<Histogram::size>& classes, double part) {
    double left = part * static_cast<double>(count_of(classes));
    double lower = 0;

    for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
        auto upper = static_cast<double>(Histogram::bounds[i]);
        auto count = static_cast<double>(classes[i]);
        if (count > 0 && left <= count) {
            return lower + (upper - lower) * left / count;
        }
        left -= count;
        lower = upper;
    }
    return left > 0 ? lower : 0;
}

std::string to_json(const Snapshot& snapshot) {
    Json json{{"handshakes", object_of(ending_names, snapshot.endings)},
              {"lookups", object_of(outcome_texts, snapshot.outcomes)},
              {"refused_values", refusals_of(snapshot)},
              {"sessions_not_stored", snapshot.not_stored},
              {"suspended", object_of(snapshot.suspended)},
              {"stacks", object_of(snapshot.stacks)},
              {"servers", array_of(snapshot.servers)},
              {"workers", array_of(snapshot.workers)}};

    /* a name may be of any bytes */
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_prometheus(const Snapshot& snapshot) {
    Metrics metrics;

    add_handshakes(metrics, snapshot);
    add_requests(metrics, snapshot);
    add_connections(metrics, snapshot);
    return metrics.take();
}

}  // namespace session_cache
