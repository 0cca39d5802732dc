#include "status/figure_names.hpp"
#include "status/status_format.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

namespace session_cache {

namespace {

using Json = nlohmann::ordered_json;
using backends::Histogram;

template <std::size_t n>
Json object_of(const Names<n>& names, const Numbers<n>& numbers) {
    Json object;
    for (std::size_t i = 0; i < n; ++i) {
        object[names[i]] = numbers[i];
    }
    return object;
}

/* The first refusal stands for values that are not refused. */
Json refusals_of(const Snapshot& snapshot) {
    Json object = object_of(refusal_texts, snapshot.refusals);
    object.erase(text(Refusal::none));
    return object;
}

/* The first outcome, none, is not counted. */
Json early_data_of(const Snapshot& snapshot) {
    Json object = object_of(early_data_texts, snapshot.early_data);
    object.erase(text(EarlyDataOutcome::none));
    return object;
}

/* Null if the server did not give its time. */
Json object_of(const Clock& clock) {
    return clock.at != 0
               ? Json{{"ahead_ms", clock.ahead}, {"measured", clock.at}}
               : Json();
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

/* The kinds of requests that fail. */
Json failing_of(const Connected& connected) {
    Json failing = Json::array();
    for (std::size_t i = 0; i < backends::n_kinds; ++i) {
        if (connected.fails(i)) {
            failing.push_back(kind_names[i]);
        }
    }
    return failing;
}

/* Null if nothing ever went wrong. */
Json error_of(const Connected& connected) {
    return connected.error_at != 0
               ? Json{{"text", connected.error}, {"at", connected.error_at}}
               : Json();
}

Json object_of(const Connected& connected) {
    Json object{{"type", connected.server.type},
                {"server", connected.server.name},
                {"state", name_of(connected.state)},
                {"since", connected.since},
                {"healthy", connected.is_healthy()},
                {"failing", failing_of(connected)},
                {"wrong_since", connected.wrong_since != 0
                                    ? Json(connected.wrong_since)
                                    : Json()},
                {"last_error", error_of(connected)},
                {"queue", object_of(connected.queue)}};

    if (connected.slots >= 0) {
        object["slots"] = connected.slots;
        object["told"] = connected.told;
    }
    if (connected.clock.is_wanted()) {
        object["clock"] = object_of(connected.clock);
    }
    return object;
}

Json object_of(const Minute& minute) {
    Json object{{"begin", minute.begin}};
    object.update(object_of(ending_names, minute.endings));
    return object;
}

Json object_of(const KeyInfo& key) {
    return {{"id", key.id}, {"primary", key.primary}};
}

Json object_of(const ModuleInfo& module) {
    return {{"version", module.version},
            {"nginx", module.nginx},
            {"openssl", module.openssl},
            {"host", module.host}};
}

Json object_of(const WorkerState& worker);

template <typename T>
Json array_of(const std::vector<T>& all) {
    Json array = Json::array();
    for (const T& one : all) {
        array.push_back(object_of(one));
    }
    return array;
}

Json object_of(const TicketTotals& tickets) {
    return {{"opened", object_of(age_names, tickets.opened)},
            {"not_opened", object_of(unopened_names, tickets.not_opened)},
            {"keys", object_of(tickets.keys)},
            {"rotated", tickets.rotated},
            {"late", tickets.late},
            {"seeds",
             {{"made", tickets.seeds_made},
              {"fetched", tickets.seeds_fetched},
              {"put_back", tickets.seeds_put_back}}}};
}

Json object_of(const WorkerState& worker) {
    return {{"pid", worker.pid},
            {"suspended", object_of(worker.suspended)},
            {"stacks", object_of(worker.stacks)},
            {"ticket_slot", worker.ticket_slot},
            {"servers", array_of(worker.servers)}};
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
    Json json{{"time", snapshot.time},
              {"module", object_of(snapshot.module)},
              {"keys", array_of(snapshot.keys)},
              {"handshakes", object_of(ending_names, snapshot.endings)},
              {"minutes", array_of(snapshot.minutes)},
              {"lookups", object_of(outcome_texts, snapshot.outcomes)},
              {"early_data", early_data_of(snapshot)},
              {"refused_values", refusals_of(snapshot)},
              {"sessions_not_stored", snapshot.not_stored},
              {"suspended", object_of(snapshot.suspended)},
              {"stacks", object_of(snapshot.stacks)},
              {"tickets", object_of(snapshot.tickets)},
              {"servers", array_of(snapshot.servers)},
              {"workers", array_of(snapshot.workers)}};

    /* a name may be of any bytes */
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace session_cache
