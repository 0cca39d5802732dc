#include "mail/starttls.hpp"
#include "module/handshake.hpp"

namespace session_cache::mail {

namespace {

/* Whether nginx begins the handshake with the next event. */
bool awaits_handshake(ngx_connection_t* c) {
    return c->read->handler == ngx_mail_starttls_handler;
}

/*
 * c->send() of a connection in plain text. When nginx says that it is ready for
 * the handshake, it has already set the handler that begins it, whichever of
 * its events and states led to this. With TLS, nginx sets its own c->send(). It
 * gets its own back here if the connection continues with another server.
 */
ssize_t send(ngx_connection_t* c, u_char* data, std::size_t size) {
    if (awaits_handshake(c)) {
        guard_connection(c, awaits_handshake);
    } else if (static_cast<ngx_mail_session_t*>(c->data)->proxy != nullptr) {
        c->send = ngx_send;
    }
    return ngx_send(c, data, size);
}

void init_connection(ngx_connection_t* c) {
    c->send = send;
    ngx_mail_init_connection(c);
}

}  // namespace

void watch_for_starttls(ngx_listening_t* listening) {
    listening->handler = init_connection;
}

}  // namespace session_cache::mail
