#include "debug/stories/log_join.hpp"

#include <algorithm>

namespace debug {

namespace {

/* nginx's log has whole seconds, by a cached clock. */
constexpr Microseconds tolerance{2'500'000};

const Event* first(const Story& story, std::string_view kind) {
    auto found =
        std::find_if(story.events.begin(), story.events.end(),
                     [&](const Event& event) { return event.kind == kind; });
    return found == story.events.end() ? nullptr : &*found;
}

/*
 * The log counts from when nginx began, the wire from the ClientHello. The
 * request to the store is in both. Without one, the two beginnings are taken as
 * equal.
 */
Microseconds shift(const Story& wire, const Story& log) {
    const Event* on_wire = first(wire, "store_get");
    const Event* in_log = first(log, "store_get");
    return on_wire != nullptr && in_log != nullptr ? on_wire->at - in_log->at
                                                   : Microseconds(0);
}

/* Whether the wire's guess allows the log's status. */
bool agrees(const Story& wire, const Story& log) {
    return wire.status == "?" || log.status == "?" ||
           wire.status.find(log.status) != std::string::npos;
}

/* The wire's story has the names that its sessions may have. The log shows
 * which names this handshake asked for. */
void merge_names(Story& wire, const Story& log) {
    for (const Event& event : log.events) {
        if (event.kind != "store_get" || wire.names.empty()) {
            continue;
        }
        bool known = std::any_of(
            wire.names.begin(), wire.names.end(), [&](const std::string& name) {
                return event.text.find(name) != std::string::npos;
            });
        (known ? wire.named : wire.unnamed) = true;
    }
}

/* Only nginx knows the end: a client may send early data and nothing else, and
 * a refusal may be encrypted. */
void merge_end(Story& wire, const Story& log) {
    if (log.end == End::unknown || log.end == wire.end) {
        return;
    }
    if (wire.end != End::unknown) {
        wire.notes.push_back("on the wire it looks " +
                             std::string(name_of(wire.end)));
    }
    wire.end = log.end;
    if (log.end == End::broken_off) {
        wire.handshake.reset();
    }
}

}  // namespace

Story merged(Story wire, const Story& log) {
    Microseconds offset = shift(wire, log);
    for (Event event : log.events) {
        event.at += offset;
        wire.events.push_back(std::move(event));
    }
    std::stable_sort(
        wire.events.begin(), wire.events.end(),
        [](const Event& a, const Event& b) { return a.at < b.at; });

    wire.in_log = true;
    if (!agrees(wire, log)) {
        wire.notes.push_back("on the wire the status looks like " +
                             wire.status);
    } else if (log.status != "?") {
        wire.wire_status = log.status;
    }
    if (log.status != "?") {
        wire.status = log.status;
        wire.status_source = Source::log;
    }
    merge_end(wire, log);
    merge_names(wire, log);
    if (log.lookup) {
        wire.lookup = log.lookup;
    }
    if (!wire.handshake) {
        wire.handshake = log.handshake;
    }
    return wire;
}

void LogJoin::add_wire(Story&& story) {
    if (auto log = counterpart(log_, story)) {
        tell_(merged(std::move(story), *log));
    } else if (patience_) {
        wait(wire_, std::move(story));
    } else {
        tell_(std::move(story));
    }
}

void LogJoin::add_log(Story&& story) {
    if (auto wire = counterpart(wire_, story)) {
        tell_(merged(std::move(*wire), story));
    } else {
        wait(log_, std::move(story));
    }
}

std::optional<Story> LogJoin::counterpart(Side& side, const Story& story) {
    auto first = side.by_client.lower_bound(
        {story.client, story.server.port, story.begin - tolerance, 0});
    if (first == side.by_client.end()) {
        return std::nullopt;
    }
    auto [client, port, begin, number] = *first;
    bool fits = client == story.client && port == story.server.port &&
                begin <= story.begin + tolerance;
    return fits ? std::optional(take(side, number)) : std::nullopt;
}

void LogJoin::wait(Side& side, Story&& story) {
    constexpr std::size_t node_cost = 256;
    while (!side.in_order.empty() &&
           (side.in_order.size() >= max_waiting || side.held >= max_held)) {
        tell_(take(side, side.in_order.begin()->first));
    }
    /* the log may have handshakes before the first frame sets the time */
    Time since = std::max(now_, story.begin);
    std::size_t cost = node_cost + story.held();
    side.by_client.emplace(story.client, story.server.port, story.begin,
                           ++last_);
    side.in_order.emplace(last_, Waiting{std::move(story), since, cost});
    side.held += cost;
}

Story LogJoin::take(Side& side, std::uint64_t number) {
    auto found = side.in_order.find(number);
    Story story = std::move(found->second.story);
    side.held -= found->second.cost;
    side.in_order.erase(found);
    side.by_client.erase(
        {story.client, story.server.port, story.begin, number});
    return story;
}

void LogJoin::advance(Time now) {
    now_ = std::max(now_, now);
    if (patience_) {
        tell_older(wire_, now_ - *patience_);
        tell_older(log_, now_ - *patience_);
    }
}

void LogJoin::tell_older(Side& side, Time than) {
    while (!side.in_order.empty() &&
           side.in_order.begin()->second.since < than) {
        tell_(take(side, side.in_order.begin()->first));
    }
}

void LogJoin::finish() {
    tell_older(wire_, Time::max());
    tell_older(log_, Time::max());
}

}  // namespace debug
