/*
 * The guard. It runs the steps of a TLS handshake in coroutines, from the
 * ClientHello's first byte until no session can be asked for any more. While a
 * step is suspended, it lets nothing into the connection. What nginx does
 * before and after the handshake runs on nginx's own stack.
 *
 * No function of nginx is replaced. Three kinds of function pointers are
 * wrapped: ngx_listening_t.handler, a guarded connection's read and write event
 * handlers, and ngx_ssl_connection_t.handler.
 */

#pragma once

#include "coro/loop.hpp"
#include "coro/wait.hpp"
#include "module/ngx.hpp"

namespace session_cache {

/* Whether a connection on which TLS has not begun may still begin it. */
using AwaitsTls = bool (*)(ngx_connection_t* c);

/*
 * Guards the connections accepted from `listening`, of which each worker has
 * its own copy. Call it in a worker, once for each socket.
 */
void guard_listening(ngx_listening_t* listening, AwaitsTls awaits_tls);

/*
 * Guards a connection from its next event on. Call it after nginx has set the
 * handlers that will begin TLS.
 */
void guard_connection(ngx_connection_t* c, AwaitsTls awaits_tls);

/* A connection's guard. */
struct Guard;

/*
 * Call this when OpenSSL begins the handshake of a connection. If the
 * connection is guarded, what OpenSSL does from its first read on runs in a
 * coroutine.
 */
void begin_in_coroutine(ngx_connection_t* c);

/* One step of a handshake. It lies on the stack on which the step runs. */
struct Step {
    ngx_connection_t* connection;
    bool in_coroutine;      /* otherwise it must not wait */
    Guard* guard = nullptr; /* null if nginx holds the events itself */
    coro::Waker wait{};     /* while suspended */
    bool waited = false;

    bool cancelled = false; /* it must not wait any more */

    /* noted by the guard for a step in a coroutine */
    bool read_noted = false;
    bool write_noted = false;

    /* noted for a step outside of one */
    bool closed = false;  /* the connection, and the guard with it */
    bool begun = false;   /* the handshake; the next step reads */
    bool at_hand = false; /* there may be data without an event */
};

/*
 * Whether OpenSSL may still look for a session, that is, whether a ClientHello
 * is still to come.
 */
bool may_look_up(SSL* ssl);

/*
 * Starts a coroutine. Returns false, logged once, if there is no stack for it.
 */
bool start_coroutine(coro::Callback entry);

/*
 * While this lives, the running handshake step may be suspended. Events of the
 * connection are noted, and delivered to nginx after the step. A timeout, a
 * shutdown or an error of the connection cancels the wait, and no further wait
 * begins. Nor does one begin after the client has closed.
 */
class Suspension {
  public:
    explicit Suspension(ngx_connection_t* c) noexcept;
    ~Suspension();

    Suspension(const Suspension&) = delete;
    Suspension& operator=(const Suspension&) = delete;

    /*
     * Whether the step may wait. It may not outside of a guarded handshake
     * (such as QUIC's in an unpatched nginx), if there was no stack for it, or
     * if its connection is about to end.
     */
    bool possible() const noexcept { return step_ != nullptr; }

  private:
    Step* step_;
};

}  // namespace session_cache
