/*
 * QUIC handshakes: an nginx with the patch in patches/ lets their steps wait.
 * It holds the connection meanwhile (keeps what is for OpenSSL, puts off
 * closing), as the guard does for a TCP connection. Another nginx never lets
 * them wait.
 */

#pragma once

#include "module/handshake.hpp"
#include "module/ngx.hpp"

namespace session_cache {

/* Runs the steps of QUIC handshakes in coroutines. To be called in a worker. */
void guard_quic();

/* The step that the QUIC connection is in, or null. */
Step* find_quic_step(ngx_connection_t* c);

/* To be called when the step, one of QUIC's, has waited. */
void resume_quic(Step& step);

}  // namespace session_cache
