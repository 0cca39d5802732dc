#include "debug/stories/wire_status.hpp"

#include <algorithm>

namespace debug {

namespace {

constexpr std::string_view not_followed =
    "the store named another server, which the capture does not have asked";

constexpr std::string_view unnamed =
    "meanwhile the store was asked for a name that is of no session offered "
    "in this capture: are sessions sealed (--key), or is it of HTTP/3?";

bool any(const Handshake& handshake, LookupState state) {
    return std::find(handshake.lookups.begin(), handshake.lookups.end(),
                     state) != handshake.lookups.end();
}

WireStatus of_resumption(const Handshake& handshake) {
    if (any(handshake, LookupState::hit)) {
        return {"HIT"};
    }
    if (handshake.contradicted) {
        return {"?", "what is taken for the store's answer, a miss, must have "
                     "been another's: the capture lacks a command or a reply"};
    }
    if (any(handshake, LookupState::unseen)) {
        return {"HIT", "the capture lacks the store's reply"};
    }
    if (any(handshake, LookupState::redirected)) {
        return {"HIT", not_followed};
    }
    if (any(handshake, LookupState::pending)) {
        return {"HIT", "resumed, but the store's reply came later in the "
                       "capture, or not at all"};
    }
    if (handshake.unnamed_lookups) {
        return {"HIT or LOCAL", unnamed};
    }
    return {"LOCAL"};
}

WireStatus of_full(const Handshake& handshake) {
    if (handshake.doubtful_hit) {
        return {"?", "what is taken for the store's answer, a hit, may be that "
                     "of another command: the capture begins amid them"};
    }
    if (any(handshake, LookupState::hit)) {
        return {"INVALID"};
    }
    if (any(handshake, LookupState::lost)) {
        return {"DOWN", "the store's side closed the connection"};
    }
    if (any(handshake, LookupState::error)) {
        return {"DOWN or BUSY", "the store answered with an error"};
    }
    if (any(handshake, LookupState::pending)) {
        return {"TIMEOUT"};
    }
    if (any(handshake, LookupState::unseen)) {
        return {"?", "the capture lacks the store's reply"};
    }
    if (any(handshake, LookupState::away)) {
        return {"MISS", "the cluster had nobody for this session"};
    }
    if (any(handshake, LookupState::miss)) {
        return {"MISS"};
    }
    if (any(handshake, LookupState::redirected)) {
        return {"?", not_followed};
    }
    if (handshake.offered_ticket) {
        return {"-", "a ticket was offered, which the server did not take"};
    }
    if (handshake.unnamed_lookups) {
        return {"?", unnamed};
    }
    return {"DOWN or BUSY",
            "the capture has no lookup of this session: the store was down, "
            "the queue full, a session of nginx's own cache was refused, or "
            "the store is not in the capture"};
}

/* Without a ServerHello, nothing has come of the offer. */
WireStatus of_none(const Handshake& handshake) {
    if (any(handshake, LookupState::hit)) {
        return {"?", "the store had the session, but no ServerHello came"};
    }
    if (any(handshake, LookupState::pending) ||
        any(handshake, LookupState::unseen)) {
        return {"?", "no ServerHello came, nor an answer of the store"};
    }
    if (handshake.offered_session) {
        return {"?", "no ServerHello came to tell what became of the session"};
    }
    if (handshake.offered_doubtfully) {
        return {"?",
                "no ServerHello came to tell whether the ID is a session's "
                "or, as clients of TLS 1.3 do it, made up"};
    }
    return {"-"};
}

}  // namespace

WireStatus wire_status(const Handshake& handshake) {
    if (!handshake.answered) {
        return of_none(handshake);
    }
    if (handshake.by_ticket) {
        return {"-", "resumed by a ticket, which asks no store"};
    }
    if (!handshake.offered_session && handshake.lookups.empty()) {
        return {"-"};
    }
    return handshake.resumed ? of_resumption(handshake) : of_full(handshake);
}

}  // namespace debug
