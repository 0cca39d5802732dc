#include "debug/stories/stories.hpp"

#include <algorithm>

namespace debug {

namespace {

/* How long a story stays open for what comes right after the handshake. */
constexpr Microseconds linger{300'000};

/* The longest session ID, RFC 5246; longer identities are tickets. */
constexpr std::size_t max_session_id = 32;

}  // namespace

Stories::Stories(const Names& names, Sink sink, Bounds bounds)
    : names_(names), sink_(std::move(sink)), bounds_(bounds) {}

Stories::Stories(const Names& names, Sink sink)
    : Stories(names, std::move(sink), Bounds()) {}

Stories::Open* Stories::find(const Flow& flow) {
    auto found = open_.find(flow.id);
    return found == open_.end() || found->second.over ? nullptr
                                                      : &found->second;
}

void Stories::client_hello(const Flow& flow, Time time,
                           const ClientHello& hello) {
    if (Open* known = find(flow)) {
        known->story.add(time, "client_hello", "ClientHello, the second");
        return;
    }
    if (open_.size() >= bounds_.open) {
        ++let_go_;
        emit(open_.begin()->first);
    }

    Open& open = open_[flow.id];
    open.flow = flow;
    Story& story = open.story;
    story.client = flow.client;
    story.server = flow.server;
    story.begin = time;
    story.on_wire = true;
    story.server_name = printable(hello.server_name);
    for (const std::string& protocol : hello.alpn) {
        story.alpn += (story.alpn.empty() ? "" : ",") + printable(protocol);
    }
    story.add(time, "client_hello", "ClientHello");
    offer(open, hello);
    share_lookups(open, time);
}

/*
 * What the client offers; which of it counts, the ServerHello's version
 * tells. A client of TLS 1.2 with a ticket makes an ID up, and so does every
 * client of TLS 1.3 (RFC 5077, 3.4; RFC 8446, D.4).
 */
void Stories::offer(Open& open, const ClientHello& hello) {
    using Kind = Offered::Kind;
    std::vector<Offered>& offered = open.story.offered;

    for (const std::string& identity : hello.psk_identities) {
        if (identity.empty() || identity.size() > max_session_id) {
            offered.push_back({Kind::ticket});
            continue;
        }
        offered.push_back({Kind::psk, names_.show(identity)});
        index(open, identity);
    }
    open.identities = offered;
    if (!hello.session_id.empty()) {
        open.session_id = hello.session_id;
        offered.push_back({Kind::id, names_.show(open.session_id)});
        index(open, open.session_id);
    }
    if (hello.has_ticket) {
        open.has_ticket = true;
        offered.push_back({Kind::ticket});
    }
}

void Stories::index(Open& open, std::string_view id) {
    for (std::string& name : names_.of(id)) {
        by_name_.emplace(name, open.flow.id);
        open.names.push_back(std::move(name));
    }
}

void Stories::server_hello(const Flow& flow, Time time,
                           const ServerHello& hello) {
    Open* open = find(flow);
    if (open == nullptr) {
        return;
    }
    if (hello.retry) {
        open->story.retry = true;
        open->story.add(time, "hello_retry_request", "HelloRetryRequest");
        return;
    }
    open->server_hello = time;
    judge(*open, hello);
    open->story.add(time, "server_hello",
                    open->handshake.resumed ? "ServerHello  resumed"
                                            : "ServerHello  full");
}

/* Resumed or not, and what of the offer had a meaning. */
void Stories::judge(Open& open, const ServerHello& hello) {
    using Kind = Offered::Kind;
    Story& story = open.story;
    Handshake& handshake = open.handshake;
    bool is_tls13 = hello.version >= tls13;

    story.protocol = version_name(hello.version);
    if (!hello.alpn.empty()) {
        story.alpn = printable(hello.alpn);
    }
    if (is_tls13) {
        story.offered = open.identities;
        handshake.resumed = hello.psk.has_value();
        handshake.by_ticket = hello.psk && *hello.psk < story.offered.size() &&
                              story.offered[*hello.psk].kind == Kind::ticket;
    } else {
        story.offered.erase(story.offered.begin(),
                            story.offered.begin() +
                                std::ssize(open.identities));
        handshake.resumed =
            !open.session_id.empty() && hello.session_id == open.session_id;
        /* The server makes an ID for a new session, if it is to be stored. */
        if (!handshake.resumed && !hello.session_id.empty()) {
            index(open, hello.session_id);
        }
    }

    auto has = [&](Kind kind) {
        return std::any_of(
            story.offered.begin(), story.offered.end(),
            [&](const Offered& each) { return each.kind == kind; });
    };
    handshake.answered = true;
    handshake.unnamed_lookups = last_unnamed_ >= story.begin;
    handshake.offered_ticket = story.ticket_offered = has(Kind::ticket);
    handshake.offered_session = has(Kind::id) || has(Kind::psk);
    story.end = handshake.resumed ? End::resumed : End::full;
    judge_lookups(open);
}

/* How the lookups stand when the ServerHello comes. */
void Stories::judge_lookups(Open& open) {
    Handshake& handshake = open.handshake;
    bool has_own = std::any_of(
        open.exchanges.begin(), open.exchanges.end(), [](const Exchange& each) {
            return each.verb == Verb::get && !each.shared;
        });

    if (has_own) {
        std::erase_if(open.exchanges,
                      [](const Exchange& each) { return each.shared; });
    }
    for (const Exchange& exchange : open.exchanges) {
        if (exchange.verb != Verb::get) {
            continue;
        }
        open.story.shared |= exchange.shared;
        handshake.lookups.push_back(exchange.state);
        if (exchange.state != LookupState::unseen) {
            Time until = exchange.answered.value_or(*open.server_hello);
            open.story.lookup = open.story.lookup.value_or(Microseconds(0)) +
                                (until - exchange.asked);
        }
    }
    /* A ticket is opened before any store is asked. */
    if (handshake.resumed && open.has_ticket && handshake.lookups.empty()) {
        handshake.by_ticket = true;
    }
    open.story.by_ticket = handshake.by_ticket;
}

void Stories::completed(const Flow& flow, Time time) {
    if (Open* open = find(flow)) {
        open->story.handshake = time - open->story.begin;
        open->story.add(time, "completed", "handshake done");
        end(*open, time);
    }
}

void Stories::broken_off(const Flow& flow, Time time, std::string_view how) {
    if (Open* open = find(flow)) {
        open->story.end = End::broken_off;
        open->story.add(time, "broken_off", "broken off: " + std::string(how));
        end(*open, time);
    }
}

void Stories::lost_sight(const Flow& flow, Time time, std::string_view why) {
    if (Open* open = find(flow)) {
        open->story.notes.emplace_back(why);
        end(*open, time);
    }
}

void Stories::end(Open& open, Time time) {
    open.over = true;
    ending_.emplace_back(time + linger, open.flow.id);
}

void Stories::advance(Time now) {
    while (!ending_.empty() && ending_.front().first <= now) {
        emit(ending_.front().second);
        ending_.pop_front();
    }
}

void Stories::finish() {
    ending_.clear();
    while (!open_.empty()) {
        emit(open_.begin()->first);
    }
}

void Stories::emit(std::uint64_t id) {
    auto found = open_.find(id);
    if (found == open_.end()) {
        return;
    }

    Open& open = found->second;
    Story& story = open.story;
    for (const std::string& name : open.names) {
        auto [first, last] = by_name_.equal_range(name);
        auto entry = std::find_if(
            first, last, [&](const auto& each) { return each.second == id; });
        by_name_.erase(entry);
    }

    for (const Exchange& exchange : open.exchanges) {
        add_exchange(story, exchange);
    }
    std::stable_sort(
        story.events.begin(), story.events.end(),
        [](const Event& a, const Event& b) { return a.at < b.at; });

    WireStatus status = wire_status(open.handshake);
    story.status = story.wire_status = status.status;
    if (!status.note.empty()) {
        story.notes.emplace_back(status.note);
    }
    if (status.status == "MISS" && status.note.empty()) {
        add_miss(open);
    }
    Story told = std::move(story);
    open_.erase(found);
    sink_(std::move(told));
}

}  // namespace debug
