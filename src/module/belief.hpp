/*
 * What a session must be to answer a client, whether it comes from the store,
 * the local cache or a ticket.
 */

#pragma once

#include "module/acting.hpp"
#include "module/record.hpp"
#include "sessions/refusal.hpp"
#include "sessions/value.hpp"

namespace session_cache {

/* What is expected of a session that was found for `id`. */
Expected expected_of(const ServerConf& conf, SSL* ssl, SessionId id);

/*
 * Whether a session may be used. `refusal` is the result of the checks so far.
 * What remains to be checked is whether the server that SNI chooses allows its
 * cipher. A refusal is counted, and logged with `what` if it is new. May throw
 * std::bad_alloc.
 */
bool is_believed(SSL* ssl, const SSL_SESSION* session, Refusal refusal,
                 const char* what = "stored session");

}  // namespace session_cache
