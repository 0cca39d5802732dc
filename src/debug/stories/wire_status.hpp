/*
 * What $remote_ssl_session_cache_status must have been, as far as a capture
 * can tell.
 */

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace debug {

/* How far a lookup had come when the server answered its client. */
enum class LookupState {
    pending, /* no reply */
    hit,
    miss,
    error,      /* the store refused */
    redirected, /* another server was to be asked */
    away,       /* the cluster had nobody who knows */
    lost,       /* the store's side closed the connection */
    unseen,     /* the capture lacks the reply */
};

struct Handshake {
    bool answered = false; /* there was a ServerHello */
    bool resumed = false;
    bool by_ticket = false;
    bool offered_session = false; /* one that a store may have */
    /* An ID, with TLS 1.3, of which a client makes one up, and no answer. */
    bool offered_doubtfully = false;
    bool offered_ticket = false;
    /* It resumed what the store did not have. */
    bool contradicted = false;
    /* A reply that may have been another command's. */
    bool doubtful_hit = false;
    /* Meanwhile the store was asked for what is nobody's name. */
    bool unnamed_lookups = false;
    std::vector<LookupState> lookups{};
};

struct WireStatus {
    std::string status;
    std::string_view note{}; /* what stays doubtful */
};

WireStatus wire_status(const Handshake& handshake);

}  // namespace debug
