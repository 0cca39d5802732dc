/*
 * What a session has to be to answer a client, wherever it comes from: the
 * store, the local cache or a ticket.
 */

#pragma once

#include "module/acting.hpp"
#include "module/record.hpp"
#include "sessions/refusal.hpp"
#include "sessions/value.hpp"

namespace session_cache {

/* What is checked of a session that came for `id`. */
Expected expected_of(const ServerConf& conf, SSL* ssl, SessionId id);

/* Whether the server that SNI chooses allows the session's cipher. May throw
 * std::bad_alloc. */
bool has_allowed_cipher(SSL* ssl, const SSL_SESSION* session);

/* Counts a refusal, and logs it when it is new: `what` was refused. May throw
 * std::bad_alloc. */
void refuse(const ngx_connection_t* c, Record* record, Refusal refusal,
            const char* what = "stored session");

}  // namespace session_cache
