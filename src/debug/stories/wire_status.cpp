#include "debug/stories/wire_status.hpp"

#include <algorithm>

namespace debug {

namespace {

constexpr std::string_view not_followed =
    "the store named another server, and the capture does not have the "
    "request to that one";

constexpr std::string_view unnamed =
    "meanwhile the store was asked for a name that belongs to no session "
    "offered in this capture: are sessions sealed (--key), or does HTTP/3 use "
    "it?";

constexpr std::string_view ticket_refused =
    "a ticket was offered, and the server did not accept it";

bool any(const Handshake& handshake, LookupState state) {
    return std::find(handshake.lookups.begin(), handshake.lookups.end(),
                     state) != handshake.lookups.end();
}

WireStatus of_resumption(const Handshake& handshake) {
    if (any(handshake, LookupState::hit)) {
        return {"HIT"};
    }
    if (handshake.contradicted) {
        return {"?", "the reply that seemed to be the store's answer is a "
                     "miss, so it answers another command: the capture lacks a "
                     "command or a reply"};
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
        return {"?", "the reply that seems to be the store's answer is a hit, "
                     "but it may answer another command: the capture begins "
                     "while some were under way"};
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
        return {"MISS", "no server of the cluster was responsible for this "
                        "session"};
    }
    if (any(handshake, LookupState::miss)) {
        return {"MISS"};
    }
    if (any(handshake, LookupState::redirected)) {
        return {"?", not_followed};
    }
    if (handshake.offered_ticket) {
        return {"-", ticket_refused};
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
        return {"?", "neither a ServerHello nor an answer from the store "
                     "came"};
    }
    if (handshake.offered_session) {
        return {"?", "no ServerHello came, so nothing shows what became of the "
                     "session"};
    }
    if (handshake.offered_doubtfully) {
        return {"?", "no ServerHello came, so nothing shows whether the ID is "
                     "a session's or made up, as clients of TLS 1.3 do"};
    }
    return {"-"};
}

}  // namespace

WireStatus wire_status(const Handshake& handshake) {
    if (!handshake.answered) {
        return of_none(handshake);
    }
    if (handshake.by_ticket) {
        return {"-", "resumed by a ticket, which needs no lookup"};
    }
    if (!handshake.offered_session && handshake.lookups.empty()) {
        bool refused = handshake.offered_ticket && !handshake.resumed;
        return {"-", refused ? ticket_refused : ""};
    }
    return handshake.resumed ? of_resumption(handshake) : of_full(handshake);
}

}  // namespace debug
