/*
 * The guard: runs the steps of a TLS handshake in coroutines, from the
 * ClientHello's first byte until no more session can be asked for, and holds
 * every way into the connection while a step is suspended. What nginx does
 * before the handshake and after it runs on nginx's own stack.
 *
 * No function of nginx is replaced; three kinds of function pointers are
 * wrapped: ngx_listening_t.handler, a guarded connection's read and write
 * event handlers, and ngx_ssl_connection_t.handler.
 */

#pragma once

#include "coro/loop.hpp"
#include "coro/wait.hpp"
#include "module/ngx.hpp"

namespace session_cache {

/*
 * Tells whether a connection, on which TLS has not begun, is still going to
 * begin it.
 */
using AwaitsTls = bool (*)(ngx_connection_t* c);

/*
 * Guards the connections accepted from `listening`, of which each worker
 * has its own copy. To be called in a worker, once for a socket.
 */
void guard_listening(ngx_listening_t* listening, AwaitsTls awaits_tls);

/*
 * Guards a connection from its next event on. To be called when nginx has set
 * the handlers that are going to begin TLS.
 */
void guard_connection(ngx_connection_t* c, AwaitsTls awaits_tls);

/* A connection's guard. */
struct Guard;

/*
 * To be called when OpenSSL begins with the handshake of a connection. What it
 * does from its first read on runs in a coroutine, if the connection is
 * guarded.
 */
void begin_in_coroutine(ngx_connection_t* c);

/* One step of a handshake, on the stack that it runs on. */
struct Step {
    ngx_connection_t* connection;
    bool in_coroutine;      /* or else it must not wait */
    Guard* guard = nullptr; /* null: nginx itself holds the events */
    coro::Waker wait{};     /* while suspended */
    bool waited = false;

    bool cancelled = false; /* it is not to wait any more */

    /* what the guard has noted: in a coroutine */
    bool read_noted = false;
    bool write_noted = false;

    /* outside of one */
    bool closed = false;  /* the connection, and the guard with it */
    bool begun = false;   /* the handshake: the next step is to read */
    bool at_hand = false; /* there may be something, and no event for it */
};

/*
 * Whether OpenSSL may still look for a session: as long as a ClientHello is
 * awaited.
 */
bool may_look_up(SSL* ssl);

/*
 * Starts a coroutine; false, logged once, when there is no stack for it.
 */
bool start_coroutine(coro::Callback entry);

/*
 * Makes the running handshake step ready to be suspended, as long as this
 * lives: events of the connection are noted and delivered to nginx after
 * the step. A timeout, a shutdown or an error of the connection cancels the
 * wait, and there is no further one; nor is there when the client closes.
 */
class Suspension {
  public:
    explicit Suspension(ngx_connection_t* c) noexcept;
    ~Suspension();

    Suspension(const Suspension&) = delete;
    Suspension& operator=(const Suspension&) = delete;

    /*
     * Whether the step may wait; not so outside a guarded handshake, such
     * as QUIC's in an unpatched nginx, when there was no stack for it, or
     * when its connection is to end.
     */
    bool possible() const noexcept { return step_ != nullptr; }

  private:
    Step* step_;
};

}  // namespace session_cache
