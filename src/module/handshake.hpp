/*
 * The guard: runs the steps of a TLS handshake in coroutines, from the
 * connection's accept until no more session can be asked for, and holds
 * every way into the connection while a step is suspended.
 *
 * No function of nginx is replaced; two kinds of function pointers are
 * wrapped: ngx_listening_t.handler, and a guarded connection's read and
 * write event handlers.
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

/* When nginx begins to read what an accepted connection brings. */
enum class Begins {
    at_once,  /* in the call that accepts it */
    with_data /* there, if something has come already; or else later */
};

/*
 * Guards the connections accepted from `listening`, of which each worker
 * has its own copy. To be called in a worker, once for a socket.
 */
void guard_listening(ngx_listening_t* listening, AwaitsTls awaits_tls,
                     Begins begins);

/*
 * Guards a connection from its next event on. To be called when nginx has set
 * the handlers that are going to begin TLS.
 */
void guard_connection(ngx_connection_t* c, AwaitsTls awaits_tls);

/* A connection's guard. */
struct Guard;

/* One step of a handshake, on the stack that it runs on. */
struct Step {
    ngx_connection_t* connection;
    bool in_coroutine;
    Guard* guard = nullptr; /* null: nginx itself holds the events */
    coro::Waker wait{};     /* while suspended */

    /* what the guard has noted */
    bool closed = false; /* the connection, and the guard with it */
    bool read_noted = false;
    bool write_noted = false;
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
 * step's first wait.
 */
class Suspension {
  public:
    explicit Suspension(ngx_connection_t* c) noexcept;
    ~Suspension();

    Suspension(const Suspension&) = delete;
    Suspension& operator=(const Suspension&) = delete;

    /*
     * Whether the step may wait; not so outside a guarded handshake, such
     * as QUIC's in an unpatched nginx, or when there was no stack for it.
     */
    bool possible() const noexcept { return step_ != nullptr; }

  private:
    Step* step_;
};

}  // namespace session_cache
