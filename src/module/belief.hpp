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

/*
 * Whether a session may be used: so far it was refused for `refusal`, or not,
 * and what is left is whether the server that SNI chooses allows its cipher. A
 * refusal is counted, and logged when it is new: `what` was refused. May throw
 * std::bad_alloc.
 */
bool is_believed(SSL* ssl, const SSL_SESSION* session, Refusal refusal,
                 const char* what = "stored session");

}  // namespace session_cache
