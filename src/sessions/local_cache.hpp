/*
 * The callbacks for sessions that an SSL_CTX had before ours: those of nginx's
 * shared cache, or of other modules, which may have set only some of them
 * (Lua's "ssl_session_fetch_by_lua" sets a get callback alone).
 */

#pragma once

#include "sessions/value.hpp"

namespace session_cache {

class LocalCache {
  public:
    /* Nothing: finds and keeps no session. */
    LocalCache() = default;

    /* What the SSL_CTX has now. */
    explicit LocalCache(SSL_CTX* ctx) noexcept
        : on_new_(SSL_CTX_sess_get_new_cb(ctx)),
          on_get_(SSL_CTX_sess_get_get_cb(ctx)),
          on_remove_(SSL_CTX_sess_get_remove_cb(ctx)) {}

    /* Whether it can be asked for a session. */
    bool finds() const noexcept { return on_get_ != nullptr; }

    /* Null: it has none. */
    Session find(SSL* ssl, SessionId id) const noexcept;

    /*
     * As SSL_CTX_sess_set_new_cb(3) has it: 1 when it has kept the caller's
     * reference, else 0.
     */
    int add(SSL* ssl, SSL_SESSION* session) const noexcept;

    /*
     * Puts a session there that came from elsewhere, where it can be found
     * again. Returns the one to use: another connection may have brought it
     * meanwhile.
     */
    Session fill(SSL* ssl, SessionId id, Session session) const noexcept;

    void remove(SSL_CTX* ctx, SSL_SESSION* session) const noexcept;

  private:
    int (*on_new_)(SSL* ssl, SSL_SESSION* session) = nullptr;
    SSL_SESSION* (*on_get_)(SSL* ssl, const unsigned char* id, int length,
                            int* copy) = nullptr;
    void (*on_remove_)(SSL_CTX* ctx, SSL_SESSION* session) = nullptr;
};

}  // namespace session_cache
