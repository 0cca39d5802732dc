#include "sessions/local_cache.hpp"

namespace session_cache {

/* OpenSSL calls it with `copy` set, and so adds a reference for a callback that
 * does not touch `copy`. */
Session LocalCache::find(SSL* ssl, SessionId id) const noexcept {
    int copy = 1;

    if (on_get_ == nullptr) {
        return nullptr;
    }

    SSL_SESSION* found =
        on_get_(ssl, id.data(), static_cast<int>(id.size()), &copy);
    if (found != nullptr && copy != 0) {
        SSL_SESSION_up_ref(found);
    }
    return Session(found);
}

int LocalCache::add(SSL* ssl, SSL_SESSION* session) const noexcept {
    return on_new_ != nullptr ? on_new_(ssl, session) : 0;
}

Session LocalCache::fill(SSL* ssl, SessionId id,
                         Session session) const noexcept {
    if (session == nullptr || on_get_ == nullptr || on_new_ == nullptr) {
        return session;
    }

    Session found = find(ssl, id);
    if (found != nullptr) {
        return found;
    }

    SSL_SESSION_up_ref(session.get()); /* the reference that it may keep */
    if (add(ssl, session.get()) == 0) {
        SSL_SESSION_free(session.get());
    }
    return session;
}

void LocalCache::remove(SSL_CTX* ctx, SSL_SESSION* session) const noexcept {
    if (on_remove_ != nullptr) {
        on_remove_(ctx, session);
    }
}

}  // namespace session_cache
