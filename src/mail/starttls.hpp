/*
 * STARTTLS: the handshake begins in the middle of a session in plain text. The
 * guard is put on the connection when nginx agrees to STARTTLS, and does
 * nothing before that.
 */

#pragma once

#include "mail/ngx.hpp"

namespace session_cache::mail {

/*
 * Call this in a worker, once for each of mail's sockets, before it is guarded
 * in any other way.
 */
void watch_for_starttls(ngx_listening_t* listening);

}  // namespace session_cache::mail
