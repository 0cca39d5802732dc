/* The store's part of stories. */

#include "debug/stories/stories.hpp"

#include <algorithm>
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

/* Others are the module's PINGs, or of somebody else. */
bool names_session(std::string_view key) {
    constexpr std::size_t digits = 64; /* of OpenSSL's IDs, and of a hash */
    return digits_of(key).size() == digits;
}

std::string bytes(std::size_t size) {
    return std::to_string(size) + (size == 1 ? " byte" : " bytes");
}

bool is_reply(LookupState state) {
    return state != LookupState::pending && state != LookupState::lost &&
           state != LookupState::unseen;
}

}  // namespace

/* Lookups of its session that are under way answer this one, too. */
void Stories::share_lookups(Open& open, Time time) {
    for (const std::string& name : open.names) {
        auto [first, last] = in_flight_.equal_range(name);
        for (; first != last; ++first) {
            share_lookup(open, time, first->second);
        }
    }
}

/* Others wait for its session, too: they may share the lookup. */
void Stories::share_with_others(const Open& owner, const std::string& name,
                                Time time, std::uint64_t id) {
    auto [first, last] = by_name_.equal_range(name);
    for (; first != last; ++first) {
        Open& open = open_.at(first->second);
        if (&open != &owner && !open.server_hello && !open.over) {
            share_lookup(open, time, id);
        }
    }
}

void Stories::share_lookup(Open& open, Time time, std::uint64_t id) {
    Command& command = commands_.at(id);
    auto found = open_.find(command.stories.front());
    if (found == open_.end() ||
        open.exchanges.size() >= Story::max_events / 2) {
        return;
    }
    for (const Exchange& exchange : found->second.exchanges) {
        if (exchange.id == id) {
            Exchange shared = exchange;
            shared.asked = time;
            shared.shared = true;
            open.exchanges.push_back(std::move(shared));
            command.stories.push_back(open.flow.id);
            return;
        }
    }
}

void Stories::asked(const Flow& flow, Time time, const StoreCommand& command) {
    counts_.sets += command.verb == Verb::set;
    counts_.erases += command.verb == Verb::erase;
    if (command.verb == Verb::set) {
        remember_stored(command, time);
    }
    if (commands_.size() >= bounds_.commands) {
        settle(commands_.begin()->first, time, LookupState::unseen, {});
    }

    std::string name;
    Open* open = claimant(flow, command, name);
    if (command.answered) {
        Command& waiting = commands_[command.id];
        waiting = {flow.id, time, command.verb, name, {}};
        if (open != nullptr) {
            waiting.stories.push_back(open->flow.id);
            if (command.verb == Verb::get) {
                in_flight_.emplace(name, command.id);
            }
        }
    }
    if (open != nullptr) {
        join(*open, flow, time, command, name.size());
        if (command.verb == Verb::get && command.answered) {
            share_with_others(*open, name, time, command.id);
        }
    } else if (command.verb == Verb::get && names_session(command.key)) {
        ++counts_.unjoined;
        last_unnamed_ = time;
    }
}

/* The story's name that a key ends with; empty: of none. */
std::string Stories::name_in(std::string_view key) const {
    std::string name(digits_of(key));
    return by_name_.contains(name) ? name : std::string();
}

/* Whether the last of its commands of this kind has been redirected, so that
 * it comes again. */
bool Stories::is_sent_on(const Open& open, Verb verb) {
    auto last = std::find_if(open.exchanges.rbegin(), open.exchanges.rend(),
                             [&](const Exchange& each) {
                                 return !each.shared && each.verb == verb;
                             });
    return last != open.exchanges.rend() &&
           last->state == LookupState::redirected;
}

/*
 * Whose command it is. A worker asks once for all that want one session at a
 * time, but several workers may ask: each gets a story of its own, of a
 * server on the worker's machine if there is one, and the oldest first.
 */
Stories::Open* Stories::claimant(const Flow& flow, const StoreCommand& command,
                                 std::string& name) {
    name = name_in(command.key);
    auto [first, last] = by_name_.equal_range(name);
    Open* best = nullptr;
    std::tuple<bool, bool, bool, std::size_t, std::uint64_t> best_rank;

    for (; first != last; ++first) {
        Open& open = open_.at(first->second);
        bool is_lookup = command.verb == Verb::get;
        if (is_lookup && (open.server_hello || open.over)) {
            continue;
        }
        auto own =
            std::count_if(open.exchanges.begin(), open.exchanges.end(),
                          [](const Exchange& each) { return !each.shared; });
        bool elsewhere = open.flow.server.address != flow.client.address;
        bool is_sent = is_sent_on(open, command.verb);
        bool waits = std::any_of(open.exchanges.begin(), open.exchanges.end(),
                                 [](const Exchange& each) {
                                     return !each.shared &&
                                            each.state == LookupState::pending;
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
                   const StoreCommand& command, std::size_t name_size) {
    if (open.exchanges.size() >= Story::max_events / 2) {
        return;
    }
    std::string store(command.store);
    std::string text = store + ' ' + std::string(command.name) + ' ' +
                       names_.show_key(command.key, name_size);
    if (command.verb == Verb::set) {
        text += ' ' + bytes(command.size);
    }
    open.exchanges.push_back(
        {command.id, time, command.verb, text, store,
         std::to_string(flow.client.port) + " → " + debug::text(flow.server),
         false});
}

void Stories::answered(const Flow& /*flow*/, Time time, std::uint64_t id,
                       const StoreReply& reply) {
    settle(id, time, state_of(reply.outcome), reply);
}

void Stories::unseen(const Flow& /*flow*/, std::uint64_t id) {
    settle(id, Time(), LookupState::unseen, {});
}

void Stories::disconnected(const Flow& flow, Time time, Side by) {
    std::vector<std::uint64_t> waiting;
    for (const auto& [id, command] : commands_) {
        if (command.connection == flow.id) {
            waiting.push_back(id);
        }
    }
    for (std::uint64_t id : waiting) {
        /* A worker gives its connection up when a lookup times out. */
        settle(id, time,
               by == Side::server ? LookupState::lost : LookupState::pending,
               {});
    }
}

/* Once for each command that has a reply to wait for. */
void Stories::settle(std::uint64_t id, Time time, LookupState state,
                     const StoreReply& reply) {
    auto found = commands_.find(id);
    if (found == commands_.end()) {
        return;
    }
    Command command = std::move(found->second);
    commands_.erase(found);

    counts_.errors += state == LookupState::error || state == LookupState::away;
    counts_.redirects += state == LookupState::redirected;
    if (command.verb == Verb::get) {
        counts_.hits += state == LookupState::hit;
        counts_.misses += state == LookupState::miss;
        counts_.unanswered += !is_reply(state);
        if (is_reply(state)) {
            counts_.lookup.add(time - command.asked);
        }
        auto [first, last] = in_flight_.equal_range(command.name);
        auto entry = std::find_if(
            first, last, [&](const auto& each) { return each.second == id; });
        if (entry != last) {
            in_flight_.erase(entry);
        }
    }

    for (std::uint64_t story : command.stories) {
        auto open = open_.find(story);
        if (open == open_.end()) {
            continue;
        }
        for (Exchange& exchange : open->second.exchanges) {
            if (exchange.id == id) {
                exchange.state = state;
                exchange.size = reply.size;
                exchange.error = reply.text;
                exchange.to = reply.to;
                if (state != LookupState::unseen) {
                    exchange.answered = time;
                }
            }
        }
    }
}

void Stories::remember_stored(const StoreCommand& command, Time time) {
    std::string name(digits_of(command.key));
    if (name.empty() || !stored_.insert_or_assign(name, time).second) {
        return;
    }
    stored_order_.push_back(std::move(name));
    if (stored_order_.size() > bounds_.stored) {
        stored_.erase(stored_order_.front());
        stored_order_.pop_front();
    }
}

/* The event of a reply, and what to say of it. */
std::pair<std::string_view, std::string>
Stories::describe(const Exchange& exchange) {
    switch (exchange.state) {
    case LookupState::hit:
        return {"store_hit", "HIT " + bytes(exchange.size)};
    case LookupState::miss:
        return exchange.verb == Verb::get
                   ? std::pair<std::string_view, std::string>("store_miss",
                                                              "MISS")
                   : std::pair<std::string_view, std::string>();
    case LookupState::error:
        return {"store_error", "error " + exchange.error};
    case LookupState::redirected:
        return {"store_redirect", exchange.error + ", sent to " + exchange.to};
    case LookupState::away:
        return {"store_away", exchange.error};
    case LookupState::lost:
        return {"store_lost", "connection closed by the store's side"};
    default:
        return {};
    }
}

void Stories::add_exchange(Story& story, const Exchange& exchange) {
    std::string worker = exchange.shared
                             ? "another connection's lookup, under way"
                             : "worker connection " + exchange.connection;
    story.add(exchange.asked,
              exchange.verb == Verb::get   ? "store_get"
              : exchange.verb == Verb::set ? "store_set"
                                           : "store_delete",
              exchange.command + "  (" + worker + ')');

    auto [kind, text] = describe(exchange);
    if (exchange.answered && !kind.empty()) {
        story.add(*exchange.answered, kind, exchange.store + ' ' + text);
    } else if (exchange.answered && exchange.state == LookupState::pending) {
        story.add(*exchange.answered, "store_given_up",
                  exchange.store + " connection given up by the worker");
    }
}

/* Why it may be that the store has not heard of the session. */
void Stories::add_miss(Open& open) const {
    for (const std::string& name : open.names) {
        auto stored = stored_.find(name);
        if (stored != stored_.end()) {
            auto ago = std::chrono::duration_cast<std::chrono::seconds>(
                open.story.begin - stored->second);
            open.story.notes.push_back("this session was stored " +
                                       std::to_string(ago.count()) +
                                       " s before, and is gone");
            return;
        }
    }
    open.story.never_stored = true;
    open.story.notes.emplace_back(
        open.has_ticket
            ? "the client has a ticket, so this ID may be made up"
            : "the capture does not have the storing of this session");
}

}  // namespace debug
