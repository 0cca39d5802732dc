/* The part of Stories that describes the store's traffic. */

#include "debug/stories/stories.hpp"

namespace debug {

namespace {

std::string bytes(std::size_t size) {
    return std::to_string(size) + (size == 1 ? " byte" : " bytes");
}

}  // namespace

std::string Stories::shown(const StoreCommand& command, const SessionName& name,
                           About about) const {
    std::string shown = std::string(command.store) + ' ' +
                        std::string(command.name) + ' ' +
                        names_.show_key(command.key, name.count);
    if (about == About::early_data) {
        return shown + ", to claim the early data";
    }
    if (about == About::ticket_key) {
        return shown + ", apparently for the key of a ticket";
    }
    return command.verb == Verb::set ? shown + ' ' + bytes(command.size)
                                     : shown;
}

/* Of requests other than lookups and claims, the story shows errors only. */
Stories::Shown Stories::describe_miss(const Exchange& exchange) {
    if (exchange.about == About::early_data) {
        return exchange.replay
                   ? Shown{"store_replay", "claimed before: a replay"}
                   : Shown{"store_claimed", "claimed"};
    }
    return exchange.verb == Verb::get ? Shown{"store_miss", "MISS"} : Shown{};
}

/* The event of a reply. */
Stories::Shown Stories::describe(const Exchange& exchange) {
    switch (exchange.state) {
    case LookupState::hit:
        return {"store_hit", "HIT " + bytes(exchange.size)};
    case LookupState::miss:
        return describe_miss(exchange);
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

/* The event of a request. */
std::string_view Stories::kind_of(const Exchange& exchange) {
    if (exchange.about == About::early_data) {
        return "store_claim";
    }
    switch (exchange.verb) {
    case Verb::get:
        return exchange.about == About::ticket_key ? "store_seed" : "store_get";
    case Verb::set:
        return "store_set";
    case Verb::erase:
        break;
    }
    return "store_delete";
}

void Stories::add_part(Story& story, const Part& part) {
    const Exchange& exchange = *part.exchange;
    std::string worker = part.shared
                             ? "another connection's lookup, under way"
                             : "worker connection " + exchange.connection;
    story.add(part.asked, kind_of(exchange),
              exchange.command + "  (" + worker + ')');

    Shown reply = describe(exchange);
    if (exchange.settled && !reply.kind.empty()) {
        story.add(*exchange.settled, reply.kind,
                  exchange.store + ' ' + reply.text);
    } else if (exchange.settled && exchange.state == LookupState::pending) {
        story.add(*exchange.settled, "store_given_up",
                  exchange.store + " connection given up by the worker");
    }
}

/* Adds why the store may not have the session. */
void Stories::add_miss(Open& open) const {
    for (const Part& part : open.parts) {
        auto stored = stored_.find(part.exchange->name);
        if (part.exchange->state == LookupState::miss &&
            stored != stored_.end() && stored->second <= open.story.begin) {
            auto ago = std::chrono::duration_cast<std::chrono::seconds>(
                open.story.begin - stored->second);
            open.story.notes.push_back("this session was stored " +
                                       std::to_string(ago.count()) +
                                       " s earlier, and is gone");
            return;
        }
    }
    open.story.never_stored = true;
    open.story.notes.emplace_back(
        open.has_ticket
            ? "the client has a ticket, so it may have made up this ID"
            : "the capture does not show when this session was stored");
}

}  // namespace debug
