#include "debug/stories/stories.hpp"

#include <algorithm>

namespace debug {

namespace {

/* How long a story stays open after the handshake, for what comes right after
 * it. */
constexpr Microseconds linger{300'000};

/* The approximate memory of a story with its events, of a name in the index,
 * and of an offer, with their nodes and strings. */
constexpr std::size_t story_cost = 2048;
constexpr std::size_t name_cost = 352;
constexpr std::size_t offered_cost = 160;

bool contains(const std::vector<SessionName>& names, const SessionName& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<Offered> distinct(const std::vector<Offered>& offered) {
    std::vector<Offered> each;
    for (const Offered& one : offered) {
        if (std::find(each.begin(), each.end(), one) == each.end()) {
            each.push_back(one);
        }
    }
    return each;
}

}  // namespace

Stories::Stories(const Names& names, Sink sink, Bounds bounds)
    : names_(names), sink_(std::move(sink)), bounds_(bounds) {
    counts_.has_keys = names.has_keys();
}

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
        known->story.add(time, "client_hello", "second ClientHello");
        offer_identities(*known, hello);
        return;
    }
    make_room();

    Open& open = open_[flow.id];
    open.flow = flow;
    Story& story = open.story;
    story.client = flow.client;
    story.server = flow.server;
    story.begin = time;
    story.on_wire = true;
    story.server_name = printable(hello.server_name);
    story.alpn = printable(hello.alpn);
    story.add(time, "client_hello", "ClientHello");
    if (!hello.proxied.empty()) {
        story.notes.push_back("the client of the proxy is " + hello.proxied);
    }
    grow(open, story_cost + story.server_name.size() + story.alpn.size());
    offer(open, hello);
}

/*
 * Notes what the client offers. The ServerHello's version shows which part
 * counts. A TLS 1.2 client with a ticket makes up an ID, and so does every TLS
 * 1.3 client (RFC 5077, 3.4; RFC 8446, D.4).
 */
void Stories::offer(Open& open, const ClientHello& hello) {
    open.offers_tls13 = hello.offers_tls13;
    open.early_data = hello.early_data;
    open.has_ticket = hello.has_ticket;
    offer_identities(open, hello);
    if (hello.early_data) {
        with_early_data_.insert(open.flow.id);
    }
    if (hello.has_ticket ||
        std::any_of(open.identities.begin(), open.identities.end(),
                    [](const Offered& each) {
                        return each.kind == Offered::Kind::ticket;
                    })) {
        with_ticket_.insert(open.flow.id);
    }
    if (!hello.session_id.empty()) {
        open.session_id = hello.session_id;
        index(open, open.session_id);
    }
}

/* The ServerHello chooses among the identities of the last ClientHello. */
void Stories::offer_identities(Open& open, const ClientHello& hello) {
    using Kind = Offered::Kind;

    open.identities.clear();
    open.identity_ids.clear();
    for (const std::string& identity : hello.psk_identities) {
        bool is_ticket = identity.empty();
        open.identities.push_back(
            is_ticket ? Offered{Kind::ticket}
                      : Offered{Kind::psk, names_.show(identity)});
        open.identity_ids.push_back(identity);
        if (!is_ticket) {
            index(open, identity);
        }
    }
    grow(open, open.identities.size() * offered_cost);
}

/* Duplicates count once. */
void Stories::index(Open& open, std::string_view id) {
    for (const SessionName& name : names_.of(id)) {
        Session& session = by_name_[name];
        if (session.open.insert(open.flow.id).second) {
            session.waiting.insert(open.flow.id);
            open.names.push_back(name);
            grow(open, name_cost);
        }
    }
}

void Stories::unindex(Open& open) {
    for (const SessionName& name : open.names) {
        auto session = by_name_.find(name);
        session->second.waiting.erase(open.flow.id);
        session->second.open.erase(open.flow.id);
        if (session->second.open.empty()) {
            by_name_.erase(session);
        }
    }
}

/* No later lookup can be for this handshake. */
void Stories::stop_waiting(Open& open) {
    with_early_data_.erase(open.flow.id);
    with_ticket_.erase(open.flow.id);
    for (const SessionName& name : open.names) {
        by_name_.at(name).waiting.erase(open.flow.id);
    }
}

void Stories::grow(Open& open, std::size_t bytes) {
    open.cost += bytes;
    held_ += bytes;
}

/* Hands out finished stories first, which wait only for late events. */
void Stories::make_room() {
    while (!open_.empty() &&
           (open_.size() >= bounds_.open || held_ >= bounds_.held)) {
        if (!ending_.empty()) {
            emit(ending_.front().second);
            ending_.pop_front();
            continue;
        }
        ++let_go_;
        emit(open_.begin()->first);
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
        with_early_data_.erase(flow.id); /* RFC 8446, 4.2.10 */
        open->story.add(time, "hello_retry_request", "HelloRetryRequest");
        return;
    }
    if (open->server_hello) {
        return;
    }
    open->server_hello = time;
    share_lookups(*open, time);
    judge(*open, hello);
    stop_waiting(*open);
    doubt_replies(*open);
    open->story.add(time, "server_hello",
                    open->handshake.resumed ? "ServerHello  resumed"
                                            : "ServerHello  full");
}

/* What a client of TLS 1.2 offers. */
std::vector<Offered> Stories::offer_of_tls12(const Open& open) const {
    std::vector<Offered> offered;
    if (!open.session_id.empty()) {
        offered.push_back({Offered::Kind::id, names_.show(open.session_id)});
    }
    if (open.has_ticket) {
        offered.push_back({Offered::Kind::ticket});
    }
    return offered;
}

/* Determines whether it resumed, and which part of the offer counted. */
void Stories::judge(Open& open, const ServerHello& hello) {
    using Kind = Offered::Kind;
    Story& story = open.story;
    Handshake& handshake = open.handshake;

    story.protocol = version_name(hello.version);
    if (!hello.alpn.empty()) {
        story.alpn = printable(hello.alpn);
    }
    if (hello.version >= tls13) {
        story.offered = distinct(open.identities);
        handshake.resumed = hello.psk.has_value();
        std::size_t place = hello.psk.value_or(0);
        if (handshake.resumed && place < open.identities.size()) {
            handshake.by_ticket = open.identities[place].kind == Kind::ticket;
            open.chosen = names_.of(open.identity_ids[place]);
        } else if (handshake.resumed) {
            story.notes.emplace_back("the client offered more than the program "
                                     "reads, and the server chose from the "
                                     "rest");
        }
    } else {
        story.offered = offer_of_tls12(open);
        handshake.resumed =
            !open.session_id.empty() && hello.session_id == open.session_id;
        if (handshake.resumed) {
            open.chosen = names_.of(open.session_id);
        } else if (!hello.session_id.empty()) {
            /* The server makes an ID for a new session that it stores. */
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
}

/* A resumption by ticket, which the ServerHello need not show (RFC 5077,
 * 3.4). */
void Stories::abbreviated(const Flow& flow) {
    Open* open = find(flow);
    if (open == nullptr || open->handshake.resumed || !open->has_ticket) {
        return;
    }
    open->handshake.resumed = open->handshake.by_ticket = true;
    open->story.end = End::resumed;
    for (Event& event : open->story.events) {
        if (event.kind == "server_hello") {
            event.text = "ServerHello  resumed";
        }
    }
}

/* If a session resumes that a reply did not contain, the reply was another
 * command's. */
void Stories::doubt_replies(const Open& open) {
    constexpr std::size_t most = 1024;
    if (!open.handshake.resumed || open.handshake.by_ticket ||
        open.has_ticket) {
        return;
    }
    const Exchange* asked = nullptr;
    for (const Part& part : open.parts) {
        const Exchange& exchange = *part.exchange;
        if (!exchange.is_lookup() || part.shared ||
            !contains(open.chosen, exchange.name)) {
            continue;
        }
        LookupState state = exchange.at(*open.server_hello);
        if (state == LookupState::hit) {
            be_sure(exchange.worker);
        }
        if (state != LookupState::miss && state != LookupState::pending) {
            return;
        }
        asked = &exchange;
    }
    if (asked != nullptr && doubted_.size() < most) {
        doubted_.insert(asked->worker);
    }
}

/* Determines the state of the lookups when the ServerHello came. */
void Stories::judge_lookups(Open& open) const {
    Handshake& handshake = open.handshake;
    bool has_own =
        std::any_of(open.parts.begin(), open.parts.end(), [](const Part& part) {
            return part.exchange->is_lookup() && !part.shared;
        });
    bool chosen_missed = false;

    if (has_own) {
        std::erase_if(open.parts, [](const Part& part) { return part.shared; });
    }
    for (const Part& part : open.parts) {
        const Exchange& exchange = *part.exchange;
        if (!exchange.is_lookup()) {
            continue;
        }
        LookupState state = exchange.at(*open.server_hello);
        handshake.doubtful_hit |=
            state == LookupState::hit && is_doubtful(exchange);
        open.story.shared |= part.shared;
        handshake.lookups.push_back(state);
        chosen_missed |=
            state == LookupState::miss && contains(open.chosen, exchange.name);
        if (state != LookupState::unseen) {
            Time until = state == LookupState::pending ? *open.server_hello
                                                       : *exchange.settled;
            open.story.lookup = open.story.lookup.value_or(Microseconds(0)) +
                                (until - part.asked);
        }
    }
    /* nginx opens a ticket before it asks a store. */
    if (handshake.resumed && open.has_ticket && handshake.lookups.empty()) {
        handshake.by_ticket = true;
    }
    handshake.contradicted = handshake.resumed && chosen_missed;
    open.story.by_ticket = handshake.by_ticket;
}

bool Stories::is_doubtful(const Exchange& exchange) const {
    return exchange.order != nullptr && !exchange.order->sure &&
           (exchange.order->cut_off || first_awaited(exchange.worker));
}

/* Notes whether the store was asked for an offered session, as far as names
 * show. */
void Stories::judge_names(Open& open) const {
    Story& story = open.story;
    for (const Part& part : open.parts) {
        story.named |= part.exchange->is_lookup();
    }
    story.unnamed = !story.named && open.handshake.unnamed_lookups &&
                    open.handshake.offered_session;
    if (names_.has_keys()) {
        for (const SessionName& name : open.names) {
            story.names.push_back(shortened(name));
        }
    }
}

/* Without a ServerHello, the version is not known. */
void Stories::judge_unanswered(Open& open) {
    Handshake& handshake = open.handshake;
    Story& story = open.story;
    bool asked = false;

    for (const Part& part : open.parts) {
        if (part.exchange->is_lookup()) {
            handshake.lookups.push_back(
                part.exchange->at(open.ended.value_or(now_)));
            story.shared |= part.shared;
            asked = true;
        }
    }
    bool has_psk = std::any_of(
        open.identities.begin(), open.identities.end(),
        [](const Offered& each) { return each.kind == Offered::Kind::psk; });
    story.offered = open.identities.empty() ? offer_of_tls12(open)
                                            : distinct(open.identities);
    bool has_id = open.identities.empty() && !open.session_id.empty();
    bool made_up = open.offers_tls13 && !asked;
    handshake.offered_session = has_psk || (has_id && !made_up);
    handshake.offered_doubtfully = has_id && made_up;
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
        if (open->handshake.resumed && open->early_data) {
            open->story.notes.emplace_back(
                "its early data may have been served all the same");
        }
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
    open.ended = time;
    if (!open.server_hello) {
        share_lookups(open, time);
        stop_waiting(open);
    }
    ending_.emplace_back(now_ + linger, open.flow.id);
}

void Stories::advance(Time now) {
    now_ = now;
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
    stop_waiting(open);
    unindex(open);
    if (open.server_hello) {
        judge_lookups(open);
    } else {
        judge_unanswered(open);
    }
    judge_names(open);
    if (open.claimed_doubtfully) {
        story.notes.emplace_back("meanwhile the store was asked to claim early "
                                 "data, of this handshake or of another one");
    }
    for (const Part& part : open.parts) {
        add_part(story, part);
        if (part.exchange->story == id) {
            exchanges_.erase(part.exchange->id);
            if (auto waits = commands_.find(part.exchange->id);
                waits != commands_.end()) {
                waits->second.exchange.reset();
            }
        }
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
    held_ -= open.cost;
    open_.erase(found);
    sink_(std::move(told));
}

}  // namespace debug
