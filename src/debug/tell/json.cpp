#include "debug/tell/json.hpp"
#include "debug/tell/format.hpp"

#include <nlohmann/json.hpp>

namespace debug {

namespace {

using Json = nlohmann::ordered_json;

Json microseconds(const std::optional<Microseconds>& time) {
    return time ? Json(time->count()) : Json(nullptr);
}

Json to_json(const Percentiles& times) {
    return {{"count", times.count()},
            {"p50_us", times.at(50).count()},
            {"p90_us", times.at(90).count()},
            {"p99_us", times.at(99).count()},
            {"max_us", times.max().count()}};
}

Json to_json(const StoreCounts& stores) {
    return {{"hits", stores.hits},
            {"misses", stores.misses},
            {"errors", stores.errors},
            {"redirects", stores.redirects},
            {"unanswered", stores.unanswered},
            {"sets", stores.sets},
            {"deletes", stores.erases},
            {"unjoined", stores.unjoined},
            {"claims", stores.claims},
            {"replays", stores.replays},
            {"seeds", stores.seeds},
            {"set_aside", stores.set_aside},
            {"reply", to_json(stores.lookup)}};
}

/* Names in hellos need not be UTF-8. */
std::string line(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Json to_json(const Story& story) {
    Json offered = Json::array();
    for (const Offered& each : story.offered) {
        Json entry{{"kind", name_of(each.kind)}};
        if (!each.shown.empty()) {
            entry["id"] = each.shown;
        }
        offered.push_back(std::move(entry));
    }
    Json events = Json::array();
    for (const Event& event : story.events) {
        events.push_back({{"at_us", event.at.count()},
                          {"source", name_of(event.source)},
                          {"event", event.kind},
                          {"text", event.text}});
    }
    Json sources = Json::array();
    if (story.on_wire) {
        sources.push_back(name_of(Source::wire));
    }
    if (story.in_log) {
        sources.push_back(name_of(Source::log));
    }

    return {{"type", "handshake"},
            {"time", timestamp(story.begin)},
            {"client", text(story.client)},
            {"server", text(story.server)},
            {"protocol", story.protocol},
            {"server_name", story.server_name},
            {"alpn", story.alpn},
            {"offered", offered},
            {"hello_retry_request", story.retry},
            {"result", name_of(story.end)},
            {"status", story.status},
            {"status_source", name_of(story.status_source)},
            {"wire_status", story.wire_status},
            {"lookup_us", microseconds(story.lookup)},
            {"handshake_us", microseconds(story.handshake)},
            {"shared_lookup", story.shared},
            {"sources", sources},
            {"events", events},
            {"notes", story.notes}};
}

Json to_json(const Summary& summary) {
    Json slowest = Json::array();
    for (const Summary::Slow& slow : summary.slowest()) {
        slowest.push_back({{"waited_us", slow.waited.count()},
                           {"time", timestamp(slow.begin)},
                           {"handshake", slow.title},
                           {"status", slow.status}});
    }
    const CaptureCounts& capture = summary.capture();

    return {
        {"type", "summary"},
        {"handshakes", summary.handshakes()},
        {"resumed", summary.ended(End::resumed)},
        {"full", summary.ended(End::full)},
        {"broken_off", summary.ended(End::broken_off)},
        {"unknown", summary.ended(End::unknown)},
        {"statuses", summary.statuses()},
        {"store", to_json(summary.stores())},
        {"store_source", name_of(summary.stores_by())},
        {"lookup", to_json(summary.lookup())},
        {"handshake", to_json(summary.handshake())},
        {"waited_longest", slowest},
        {"packets", capture.packets},
        {"dropped", capture.dropped ? Json(*capture.dropped) : Json(nullptr)},
        {"gaps", summary.connections().gaps},
        {"hints", summary.hints()},
        {"not_known", summary.reservations()}};
}

void JsonLines::tell(const Story& story) {
    out_ << line(to_json(story)) << '\n';
    flush(out_);
}

void JsonLines::conclude(const Summary& summary) {
    out_ << line(to_json(summary)) << '\n';
    flush(out_);
}

}  // namespace debug
