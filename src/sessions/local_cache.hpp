/*
 * The session callbacks that an SSL_CTX had before ours: those of nginx's
 * shared cache, or of other modules. These may have set only some of them
 * (Lua's "ssl_session_fetch_by_lua" sets only a get callback).
 */

#pragma once

#include "sessions/value.hpp"

namespace session_cache {

class LocalCache {
  public:
    /* Without callbacks: finds and keeps no session. */
    LocalCache() = default;

    /* The callbacks that the SSL_CTX has now. */
    explicit LocalCache(SSL_CTX* ctx) noexcept
        : on_new_(SSL_CTX_sess_get_new_cb(ctx)),
          on_get_(SSL_CTX_sess_get_get_cb(ctx)),
          on_remove_(SSL_CTX_sess_get_remove_cb(ctx)) {}

    /* Whether it can look a session up. */
    bool finds() const noexcept { return on_get_ != nullptr; }

    /* Null if it has none. */
    Session find(SSL* ssl, SessionId id) const noexcept;

    /*
     * Returns 1 if it has kept the caller's reference, else 0, as in
     * SSL_CTX_sess_set_new_cb(3).
     */
    int add(SSL* ssl, SSL_SESSION* session) const noexcept;

    /*
     * Adds a session that came from elsewhere, if it can be found again there.
     * Returns the session to use: another connection may have added it
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
