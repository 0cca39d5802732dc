/*
 * The value that $remote_ssl_session_cache_status must have had, as far as a
 * capture shows.
 */

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace debug {

/* The state of a lookup when the server answered its client. */
enum class LookupState {
    pending, /* no reply */
    hit,
    miss,
    error,      /* the store refused */
    redirected, /* to another server */
    away,       /* no server of the cluster had the slot */
    lost,       /* the store closed the connection */
    unseen,     /* the capture lacks the reply */
};

struct Handshake {
    bool answered = false; /* there was a ServerHello */
    bool resumed = false;
    bool by_ticket = false;
    bool offered_session = false; /* one that may be in a store */
    /* An ID in TLS 1.3, which the client may have made up, and no answer. */
    bool offered_doubtfully = false;
    bool offered_ticket = false;
    /* It resumed a session that the store did not have. */
    bool contradicted = false;
    /* The hit may have been another command's reply. */
    bool doubtful_hit = false;
    /* Meanwhile the store was asked for a name that is nobody's. */
    bool unnamed_lookups = false;
    std::vector<LookupState> lookups{};
};

struct WireStatus {
    std::string status;
    std::string_view note{}; /* what remains doubtful */
};

WireStatus wire_status(const Handshake& handshake);

}  // namespace debug
