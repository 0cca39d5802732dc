/*
 * What a server does with stateless tickets if its directive has a key. Then
 * the module opens all of them, whatever kind the server makes.
 */

#pragma once

#include "tickets/keyring.hpp"
#include "tickets/ticket_key.hpp"

#include <vector>

namespace session_cache {

struct ServerTickets {
    /* How new ones are made. */
    enum class Makes {
        none,    /* sessions are kept in the store */
        by_file, /* with the first "ssl_session_ticket_key", as nginx does */
        shared   /* with the fleet's current key */
    };

    bool act = false; /* OpenSSL's callbacks for them are ours */
    Makes makes = Makes::none;
    std::vector<tickets::TicketKey> files{}; /* of "ssl_session_ticket_key" */
    tickets::Keyring* keyring = nullptr; /* only in a worker, which owns it */

    /* The key for a new ticket, or null if there is none. */
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
