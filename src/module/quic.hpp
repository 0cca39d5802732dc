/*
 * QUIC handshakes. An nginx with the patch in patches/ lets their steps wait.
 * Meanwhile it holds the connection, as the guard does for TCP: it keeps data
 * for OpenSSL, and postpones closing. An unpatched nginx never lets them wait.
 */

#pragma once

#include "module/handshake.hpp"
#include "module/ngx.hpp"

namespace session_cache {

/* Runs the steps of QUIC handshakes in coroutines. Call it in a worker. */
void guard_quic();

/* The step in which the QUIC connection is, or null. */
Step* find_quic_step(ngx_connection_t* c);

/* Call this when a QUIC step has waited. */
void resume_quic(Step& step);

}  // namespace session_cache
