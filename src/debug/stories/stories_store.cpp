/* The part of Stories about the store. */

#include "debug/stories/stories.hpp"

#include <algorithm>
#include <initializer_list>
#include <tuple>

namespace debug {

namespace {

LookupState state_of(Outcome outcome) {
    switch (outcome) {
    case Outcome::hit:
        return LookupState::hit;
    case Outcome::error:
        return LookupState::error;
    case Outcome::redirect:
        return LookupState::redirected;
    case Outcome::away:
        return LookupState::away;
    default:
        return LookupState::miss;
    }
}

/* Other names are of the module's PINGs, or of other programs. */
bool names_session(const SessionName& name) {
    constexpr std::size_t digits = 64; /* of an OpenSSL ID, and of a hash */
    return name.count == digits;
}

/* Whether one of these precedes the digits at a key's end. */
bool is_of(std::string_view key, const SessionName& name,
           std::initializer_list<std::string_view> kinds) {
    key.remove_suffix(name.count);
    return name.count != 0 &&
           std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) {
               return key.ends_with(kind);
           });
}

bool is_reply(LookupState state) {
    return state != LookupState::pending && state != LookupState::lost &&
           state != LookupState::unseen;
}

}  // namespace

/*
 * If a handshake has no lookup of its own, others' lookups of its session that
 * were under way while it waited answer it.
 */
void Stories::share_lookups(Open& open, Time until) {
    constexpr std::size_t most = 4;
    bool has_own =
        std::any_of(open.parts.begin(), open.parts.end(), [](const Part& part) {
            return part.exchange->is_lookup();
        });

    for (std::size_t i = 0; i < open.names.size() && !has_own; ++i) {
        for (const auto& lookup : by_name_.at(open.names[i]).lookups) {
            bool overlaps =
                lookup->asked <= until &&
                (!lookup->settled || *lookup->settled >= open.story.begin);
            if (overlaps && open.parts.size() < most) {
                open.parts.push_back(
                    {lookup, std::max(lookup->asked, open.story.begin), true});
            }
        }
    }
}

Stories::About Stories::about(const StoreCommand& command,
                              const SessionName& name) {
    if (command.verb == Verb::set && is_of(command.key, name, {"early:"})) {
        return About::early_data;
    }
    bool is_key = is_of(command.key, name, {"seed:", "slot:"});
    return is_key ? About::ticket_key : About::session;
}

/* `by` is -1 to take a command back. */
void Stories::count_asked(Verb verb, About about, int by) {
    bool claim = about == About::early_data;
    counts_.claims += claim ? by : 0;
    counts_.sets += verb == Verb::set && !claim ? by : 0;
    counts_.erases += verb == Verb::erase ? by : 0;
    counts_.seeds += verb == Verb::get && about == About::ticket_key ? by : 0;
}

void Stories::asked(const Flow& flow, Time time, const StoreCommand& command) {
    make_room();
    SessionName name = session_name(command.key);
    About what = about(command, name);
    count_asked(command.verb, what, 1);
    if (command.verb == Verb::set && what == About::session) {
        remember_stored(name, time);
    }

    Open* open = what == About::session ? claimant(flow, command, name)
                                        : who_waits_for(what, flow);
    if (open != nullptr) {
        join(*open, flow, time, command, name, what);
    } else if (command.verb == Verb::get && what == About::session &&
               names_session(name)) {
        ++counts_.unjoined;
        last_unnamed_ = std::max(last_unnamed_, time);
    }
    if (command.answered) {
        auto exchange = exchanges_.find(command.id);
        await(command.id,
              {flow.id, time, command.verb,
               exchange != exchanges_.end() ? exchange->second : nullptr,
               what});
    }
}

/* The handshakes on the worker's machine or, if there are none, on any. Only
 * the first of many are examined. */
std::vector<Stories::Open*>
Stories::candidates(const std::set<std::uint64_t>& waiting, const Flow& flow) {
    constexpr std::size_t most = 64;
    std::vector<Open*> here;
    std::vector<Open*> anywhere;
    for (auto id = waiting.begin();
         id != waiting.end() && anywhere.size() < most; ++id) {
        Open& open = open_.at(*id);
        anywhere.push_back(&open);
        if (open.flow.server.address == flow.client.address) {
            here.push_back(&open);
        }
    }
    return here.empty() ? anywhere : here;
}

/*
 * The names of claims and of ticket keys do not show the handshake. So a
 * command is for the only one that it can be for, or for none. If several may
 * have made a claim, each has a note.
 */
Stories::Open* Stories::who_waits_for(About about, const Flow& flow) {
    auto all = candidates(
        about == About::early_data ? with_early_data_ : with_ticket_, flow);
    if (all.size() == 1) {
        return all.front();
    }
    for (Open* open : all) {
        open->claimed_doubtfully |= about == About::early_data;
    }
    return nullptr;
}

/* Remembers a command until its reply comes. */
void Stories::await(std::uint64_t id, Command&& command) {
    if (commands_.size() >= bounds_.commands) {
        settle(commands_.begin()->first, now_, LookupState::unseen, {});
    }
    by_connection_.emplace(command.connection, id);
    commands_.insert_or_assign(id, std::move(command));
}

/* Whether its last command of this kind was redirected, so that it comes
 * again. */
bool Stories::is_sent_on(const Open& open, Verb verb) {
    auto last = std::find_if(
        open.parts.rbegin(), open.parts.rend(), [&](const Part& part) {
            return !part.shared && part.exchange->verb == verb;
        });
    return last != open.parts.rend() &&
           last->exchange->state == LookupState::redirected;
}

/*
 * The story that a command is for. A worker asks once for all handshakes that
 * want one session at the same time, but several workers may ask. Each worker
 * gets a story of its own: on the worker's machine if there is one, and the
 * oldest first. Only the first of many are examined.
 */
Stories::Open* Stories::claimant(const Flow& flow, const StoreCommand& command,
                                 const SessionName& name) {
    constexpr std::size_t most = 64;
    auto session = by_name_.find(name);
    if (session == by_name_.end()) {
        return nullptr;
    }
    bool is_lookup = command.verb == Verb::get;
    const auto& stories =
        is_lookup ? session->second.waiting : session->second.open;
    Open* best = nullptr;
    std::tuple<bool, bool, bool, std::size_t, std::uint64_t> best_rank;

    std::size_t looked_at = 0;
    for (auto id = stories.begin(); id != stories.end() && looked_at < most;
         ++id, ++looked_at) {
        Open& open = open_.at(*id);
        auto own = std::count_if(open.parts.begin(), open.parts.end(),
                                 [](const Part& part) { return !part.shared; });
        bool elsewhere = open.flow.server.address != flow.client.address;
        bool is_sent = is_sent_on(open, command.verb);
        bool waits = std::any_of(
            open.parts.begin(), open.parts.end(), [](const Part& part) {
                return !part.shared &&
                       part.exchange->state == LookupState::pending;
            });
        std::tuple rank(elsewhere, !is_sent, waits,
                        static_cast<std::size_t>(own), open.flow.id);
        if (best == nullptr || rank < best_rank) {
            best = &open;
            best_rank = rank;
        }
    }
    return best;
}

void Stories::join(Open& open, const Flow& flow, Time time,
                   const StoreCommand& command, const SessionName& name,
                   About about) {
    constexpr std::size_t cost = 768;
    if (open.parts.size() >= Story::max_events / 2) {
        return;
    }
    auto exchange = std::make_shared<Exchange>();
    exchange->id = command.id;
    exchange->story = open.flow.id;
    exchange->worker = flow.id;
    exchange->asked = time;
    exchange->verb = command.verb;
    exchange->name = name;
    exchange->about = about;
    if (auto order = unsure_.find(flow.id); order != unsure_.end()) {
        exchange->order = order->second;
    }
    exchange->store = command.store;
    exchange->command = shown(command, name, about);
    exchange->connection =
        std::to_string(flow.client.port) + " → " + debug::text(flow.server);
    open.parts.push_back({exchange, time, false});
    exchanges_.emplace(command.id, exchange);
    grow(open, cost);

    if (exchange->is_lookup() && command.answered) {
        constexpr std::size_t most = 8;
        auto& lookups = by_name_.at(name).lookups;
        lookups.push_back(std::move(exchange));
        if (lookups.size() > most) {
            lookups.erase(lookups.begin());
        }
    }
}

void Stories::answered(const Flow& /*flow*/, Time time, std::uint64_t id,
                       const StoreReply& reply) {
    settle(id, time, state_of(reply.outcome), reply);
}

void Stories::unseen(const Flow& flow, std::uint64_t id) {
    if (auto order = unsure_.find(flow.id); order != unsure_.end()) {
        order->second->cut_off = true;
    }
    settle(id, now_, LookupState::unseen, {});
}

void Stories::disconnected(const Flow& flow, Time time, Side by) {
    doubted_.erase(flow.id);
    if (auto order = unsure_.find(flow.id); order != unsure_.end()) {
        order->second->cut_off |= first_awaited(flow.id).has_value();
        unsure_.erase(order);
    }
    while (auto id = first_awaited(flow.id)) {
        /* A worker closes its connection when a lookup times out. */
        settle(*id, time,
               by == Side::server ? LookupState::lost : LookupState::pending,
               {});
    }
}

/* Called once for each command that expects a reply. */
void Stories::settle(std::uint64_t id, Time time, LookupState state,
                     const StoreReply& reply) {
    auto found = commands_.find(id);
    if (found == commands_.end()) {
        return;
    }
    Command command = std::move(found->second);
    commands_.erase(found);
    by_connection_.erase({command.connection, id});
    count(command, time, state);
    bool replay =
        command.about == About::early_data && reply.outcome == Outcome::miss;
    counts_.replays += replay;

    if (command.exchange != nullptr) {
        Exchange& exchange = *command.exchange;
        exchange.state = state;
        exchange.settled = time;
        exchange.size = reply.size;
        exchange.error = reply.text;
        exchange.to = reply.to;
        exchange.replay = replay;
    }
}

void Stories::count(const Command& command, Time time, LookupState state) {
    counts_.errors += state == LookupState::error || state == LookupState::away;
    counts_.redirects += state == LookupState::redirected;
    if (command.verb == Verb::get) {
        counts_.hits += state == LookupState::hit;
        counts_.misses += state == LookupState::miss;
        counts_.unanswered += !is_reply(state);
        if (is_reply(state) && !command.again) {
            counts_.lookup.add(time - command.asked);
        }
    }
}

bool Stories::is_doubted(const Flow& flow) {
    return !doubted_.empty() && doubted_.erase(flow.id) != 0;
}

/*
 * If the requested session was resumed, the reply contained it. If it was not,
 * it may have been refused, or have come too late.
 */
StoreListener::Fit Stories::fits(std::uint64_t id, Time time,
                                 const StoreReply& reply) {
    auto found = exchanges_.find(id);
    if (found == exchanges_.end() || !found->second->is_lookup()) {
        return Fit::good;
    }
    auto open = open_.find(found->second->story);
    if (open == open_.end() || !open->second.server_hello ||
        open->second.has_ticket || reply.outcome == Outcome::redirect) {
        return Fit::good;
    }
    const auto& chosen = open->second.chosen;
    bool in_time = time <= *open->second.server_hello;
    bool is_hit = reply.outcome == Outcome::hit;
    if (std::find(chosen.begin(), chosen.end(), found->second->name) !=
        chosen.end()) {
        return is_hit && in_time ? Fit::good : Fit::impossible;
    }
    return is_hit == in_time ? Fit::odd : Fit::good;
}

void Stories::reopened(const Flow& flow, std::uint64_t id) {
    auto found = exchanges_.find(id);
    if (found == exchanges_.end()) {
        return;
    }
    Exchange& exchange = *found->second;
    bool get = exchange.verb == Verb::get;
    counts_.hits -= get && exchange.state == LookupState::hit;
    counts_.misses -= get && exchange.state == LookupState::miss;
    exchange.state = LookupState::pending;
    exchange.settled.reset();
    exchange.size = 0;
    exchange.replay = false;
    await(id, {flow.id, exchange.asked, exchange.verb, found->second,
               exchange.about, true});
}

/* Drops its unanswered commands. Commands to a replica have no replies. */
void Stories::set_aside(const Flow& flow) {
    ++counts_.set_aside;
    unsure_.erase(flow.id);
    doubted_.erase(flow.id);
    while (auto id = first_awaited(flow.id)) {
        auto found = commands_.find(*id);
        const Command& command = found->second;
        count_asked(command.verb, command.about, -1);
        if (command.exchange != nullptr) {
            forget_part(command.exchange);
        }
        commands_.erase(found);
        by_connection_.erase({flow.id, *id});
    }
}

void Stories::forget_part(const std::shared_ptr<Exchange>& exchange) {
    exchanges_.erase(exchange->id);
    auto open = open_.find(exchange->story);
    if (open != open_.end()) {
        std::erase_if(open->second.parts, [&](const Part& part) {
            return part.exchange == exchange;
        });
    }
}

void Stories::unsure(const Flow& flow) {
    constexpr std::size_t most = 16'384;
    unsure_[flow.id] = std::make_shared<Order>();
    if (unsure_.size() > most) {
        unsure_.erase(unsure_.begin());
    }
}

void Stories::sure(const Flow& flow) {
    be_sure(flow.id);
}

void Stories::be_sure(std::uint64_t worker) {
    if (auto order = unsure_.find(worker); order != unsure_.end()) {
        order->second->sure = true;
        unsure_.erase(order);
    }
}

/* The oldest command on a worker's connection that has no reply. */
std::optional<std::uint64_t>
Stories::first_awaited(std::uint64_t worker) const {
    auto first = by_connection_.lower_bound({worker, 0});
    return first != by_connection_.end() && first->first == worker
               ? std::optional(first->second)
               : std::nullopt;
}

void Stories::remember_stored(const SessionName& name, Time time) {
    if (name.count == 0 || !stored_.insert_or_assign(name, time).second) {
        return;
    }
    stored_order_.push_back(name);
    if (stored_order_.size() > bounds_.stored) {
        stored_.erase(stored_order_.front());
        stored_order_.pop_front();
    }
}

}  // namespace debug
