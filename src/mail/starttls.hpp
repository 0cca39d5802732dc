/*
 * STARTTLS: the handshake begins in the middle of a session in plain text. The
 * guard is put on the connection when nginx agrees to that, and has nothing to
 * do with what comes before.
 */

#pragma once

#include "mail/ngx.hpp"

namespace session_cache::mail {

/*
 * To be called in a worker, once for a socket of mail's, before it is guarded
 * otherwise.
 */
void watch_for_starttls(ngx_listening_t* listening);

}  // namespace session_cache::mail
