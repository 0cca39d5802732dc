#include "support/tls_pair.hpp"

#include "support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdexcept>
#include <utility>

namespace support {

namespace {

using Ssl = std::unique_ptr<SSL, void (*)(SSL*)>;

SharedSession share(SSL_SESSION* session) {
    return SharedSession(session, SSL_SESSION_free);
}

Ssl make_ssl(SSL_CTX* context, BIO* bio) {
    Ssl ssl(SSL_new(context), SSL_free);
    SSL_set_bio(ssl.get(), bio, bio);
    return ssl;
}

// One step of either side. Returns whether its part is done.
bool step(SSL* ssl, int result) {
    if (result == 1) {
        return true;
    }
    const int error = SSL_get_error(ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        throw std::runtime_error("TLS handshake failed");
    }
    return false;
}

void handshake(SSL* server, SSL* client) {
    bool client_done = false;
    bool server_done = false;
    while (!client_done || !server_done) {
        client_done = step(client, SSL_do_handshake(client));
        server_done = step(server, SSL_do_handshake(server));
    }

    // in TLS 1.3 the sessions follow the handshake
    char byte = 'x';
    step(server, SSL_write(server, &byte, 1));
    step(client, SSL_read(client, &byte, 1));
}

}  // namespace

TlsServer::TlsServer(int protocol)
    : protocol_(protocol), server_(SSL_CTX_new(TLS_method()), SSL_CTX_free),
      client_(SSL_CTX_new(TLS_method()), SSL_CTX_free) {
    for (SSL_CTX* context : {server_.get(), client_.get()}) {
        SSL_CTX_set_min_proto_version(context, protocol);
        SSL_CTX_set_max_proto_version(context, protocol);
        SSL_CTX_set_app_data(context, this);
    }
    configure_server();
    configure_client();
}

void TlsServer::configure_server() {
    SSL_CTX* context = server_.get();
    const auto& pair = certificates().ecdsa;
    const unsigned char name[] = "test";

    if (SSL_CTX_use_certificate_file(context, pair.certificate.c_str(),
                                     SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, pair.key.c_str(),
                                    SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("cannot load the certificate");
    }
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_id_context(context, name, sizeof name);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER |
                                                SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
        auto* self =
            static_cast<TlsServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        self->met_.made.push_back(share(session));
        return 1;
    });
    SSL_CTX_sess_set_get_cb(context, [](SSL* ssl, const unsigned char* id,
                                        int length, int* copy) {
        auto* self =
            static_cast<TlsServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        *copy = 0;
        return self->lookup_ ? self->lookup_({reinterpret_cast<const char*>(id),
                                              static_cast<std::size_t>(length)})
                             : nullptr;
    });
}

void TlsServer::configure_client() {
    SSL_CTX* context = client_.get();
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT |
                                                SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
        auto* self =
            static_cast<TlsServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        self->met_.client = share(session);
        return 1;
    });
}

TlsServer::Met TlsServer::meet(const SharedSession& session) {
    BIO* server_end = nullptr;
    BIO* client_end = nullptr;
    BIO_new_bio_pair(&server_end, 1 << 16, &client_end, 1 << 16);
    const Ssl server = make_ssl(server_.get(), server_end);
    const Ssl client = make_ssl(client_.get(), client_end);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    if (session) {
        SSL_set_session(client.get(), session.get());
    }

    met_ = {};
    handshake(server.get(), client.get());
    met_.reused = SSL_session_reused(server.get()) == 1;
    // so that OpenSSL does not take the end of the connection for an error
    SSL_set_shutdown(server.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return std::exchange(met_, {});
}

}  // namespace support
