#include "backends/tls.hpp"

#include <cstring>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace backends::tls {

namespace {

/* Uses the oldest error of the queue. The others follow from it. */
std::string cannot_load(const char* parameter, const std::string& file) {
    std::string why = reason(ERR_peek_error());
    clear_errors();
    return "cannot load \"" + file + "\" of parameter \"" + parameter +
           "\": " + why;
}

/* OpenSSL's own callback would read from the terminal. */
int no_passphrase(char* /* buffer */, int /* size */, int /* writing */,
                  void* /* data */) noexcept {
    ERR_raise(ERR_LIB_PEM, PEM_R_PROBLEMS_GETTING_PASSWORD);
    return -1;
}

void set_defaults(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    /* a partial write is repeated from a buffer that may have moved */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* otherwise each record takes two reads, for its header and for the rest */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
}

/* Returns what failed. */
std::string trust(SSL_CTX* context, const Parameters& parameters) {
    SSL_CTX_set_verify(context,
                       parameters.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       nullptr);

    if (parameters.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_locations(context, parameters.ca.c_str(),
                                             nullptr) != 1) {
        return cannot_load("tls_ca", parameters.ca);
    }
    return {};
}

/* Returns what failed. */
std::string identify(SSL_CTX* context, const Parameters& parameters) {
    if (parameters.cert.empty()) {
        return {};
    }

    if (SSL_CTX_use_certificate_chain_file(context, parameters.cert.c_str()) !=
        1) {
        return cannot_load("tls_cert", parameters.cert);
    }

    /* also compares the key with the certificate */
    if (SSL_CTX_use_PrivateKey_file(context, parameters.cert_key.c_str(),
                                    SSL_FILETYPE_PEM) != 1) {
        return cannot_load("tls_cert_key", parameters.cert_key);
    }
    return {};
}

bool expect(SSL* ssl, const std::string& name) noexcept {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1) {
        return true;
    }

    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

}  // namespace

Made make_context(const Parameters& parameters) {
    clear_errors();
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()),
                                     SSL_CTX_free);
    if (context == nullptr) {
        std::string why = reason(ERR_peek_error());
        clear_errors();
        return {nullptr, "TLS cannot be used: " + why};
    }

    set_defaults(context.get());
    std::string error = trust(context.get(), parameters);
    if (error.empty()) {
        error = identify(context.get(), parameters);
    }

    clear_errors();
    if (!error.empty()) {
        return {nullptr, error};
    }
    return {context};
}

Ssl make_client(SSL_CTX* context, const std::string& name) noexcept {
    clear_errors();
    Ssl ssl(SSL_new(context));

    if (ssl != nullptr && !name.empty() && !expect(ssl.get(), name)) {
        ssl.reset();
    }

    clear_errors();
    return ssl;
}

std::string reason(unsigned long error) {
    if (ERR_GET_LIB(error) == ERR_LIB_SYS) {
        return std::strerror(ERR_GET_REASON(error));
    }

    const char* text = ERR_reason_error_string(error);
    return text != nullptr ? text : "unknown error " + std::to_string(error);
}

}  // namespace backends::tls
