/*
 * What a server does with stateless tickets, where its directive has a key:
 * then the module opens them, whatever it makes.
 */

#pragma once

#include "tickets/keyring.hpp"
#include "tickets/ticket_key.hpp"

#include <vector>

namespace session_cache {

struct ServerTickets {
    /* What new ones are made with. */
    enum class Makes {
        none,    /* sessions are kept in the store */
        by_file, /* the first key of "ssl_session_ticket_key", as nginx does */
        shared   /* the fleet's key of the time */
    };

    bool act = false; /* OpenSSL's callbacks for them are ours */
    Makes makes = Makes::none;
    std::vector<tickets::TicketKey> files{}; /* of "ssl_session_ticket_key" */
    tickets::Keyring* keyring = nullptr;     /* in a worker; the worker's */

    /* The key of a new ticket, or null: there is none. */
    const tickets::TicketKey* current() const noexcept {
        switch (makes) {
        case Makes::by_file:
            return &files.front();
        case Makes::shared:
            return keyring->current();
        default:
            return nullptr;
        }
    }
};

}  // namespace session_cache
