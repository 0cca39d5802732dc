#include "debug/tls_flights.hpp"

#include "support/certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/bio.h>

namespace support {

namespace {

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
using Ssl = std::unique_ptr<SSL, void (*)(SSL*)>;

// One that takes what the other sends from memory.
Ssl make_ssl(SSL_CTX* context) {
    Ssl ssl(SSL_new(context), SSL_free);
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    return ssl;
}

// What `from` has sent, which `to` is given.
std::string pass(SSL* from, SSL* to) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(from), &data);
    std::string bytes(data, static_cast<std::size_t>(size));
    BIO_reset(SSL_get_wbio(from));
    if (!bytes.empty()) {
        BIO_write(SSL_get_rbio(to), bytes.data(), static_cast<int>(size));
    }
    return bytes;
}

// The last session that a client was given.
int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* kept = static_cast<Session*>(SSL_get_app_data(ssl));
    *kept = Session(session, SSL_SESSION_free);
    return 1;
}

Context make_server() {
    const auto& pair = certificates().ecdsa;
    Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    REQUIRE(SSL_CTX_use_certificate_chain_file(context.get(),
                                               pair.certificate.c_str()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context.get(), pair.key.c_str(),
                                        SSL_FILETYPE_PEM) == 1);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set1_groups_list(context.get(), "P-256");
    SSL_CTX_set_session_id_context(
        context.get(), reinterpret_cast<const unsigned char*>("debug"), 5);
    return context;
}

}  // namespace

RecordingServer::RecordingServer() : context_(make_server()) {}

void RecordingServer::forget() {
    context_ = make_server();
}

void RecordingServer::use_tickets() {
    SSL_CTX_clear_options(context_.get(), SSL_OP_NO_TICKET);
}

RecordedHandshake RecordingServer::meet(const Client& client) {
    const Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_session_cache_mode(
        context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), keep_session);
    SSL_CTX_set_min_proto_version(context.get(), client.version);
    SSL_CTX_set_max_proto_version(context.get(), client.version);

    const Ssl here = make_ssl(context.get());
    const Ssl there = make_ssl(context_.get());
    RecordedHandshake recorded{};
    SSL_set_app_data(here.get(), &recorded.session);
    SSL_set_tlsext_host_name(here.get(), client.server_name.c_str());
    REQUIRE(SSL_set1_groups_list(here.get(), client.groups.c_str()) == 1);
    if (client.session) {
        SSL_set_session(here.get(), client.session.get());
    }
    SSL_set_connect_state(here.get());
    SSL_set_accept_state(there.get());

    for (int turn = 0; turn < 8; ++turn) {
        SSL_do_handshake(here.get());
        recorded.flights.push_back({true, pass(here.get(), there.get())});
        SSL_do_handshake(there.get());
        recorded.flights.push_back({false, pass(there.get(), here.get())});
    }
    REQUIRE(SSL_is_init_finished(here.get()) == 1);
    REQUIRE(SSL_is_init_finished(there.get()) == 1);
    char byte = 0;
    SSL_read(here.get(), &byte, 1);  // the sessions of TLS 1.3
    std::erase_if(recorded.flights,
                  [](const Flight& flight) { return flight.bytes.empty(); });
    recorded.reused = SSL_session_reused(here.get()) == 1;
    SSL_set_app_data(here.get(), nullptr);
    // Else the session would count as broken.
    for (SSL* ssl : {here.get(), there.get()}) {
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    return recorded;
}

}  // namespace support
