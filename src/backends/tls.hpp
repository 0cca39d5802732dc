/*
 * TLS for a store's client: the configuration of its connections, and texts for
 * OpenSSL's errors.
 */

#pragma once

#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string>

namespace backends::tls {

struct Parameters {
    bool on = false;
    bool verify = true;
    std::string name;     /* of the server, or its IP address; or empty */
    std::string ca;       /* a PEM file; if empty, the system's CAs */
    std::string cert;     /* the client's chain, PEM; or empty */
    std::string cert_key; /* PEM, without a passphrase */

    bool operator==(const Parameters&) const = default;
};

struct Made {
    std::shared_ptr<SSL_CTX> context; /* null if there is an `error` */
    std::string error{};              /* names the parameter and its file */
};

/*
 * Reads the files (SSL_CTX_load_verify_locations(3),
 * SSL_CTX_use_certificate_chain_file(3)). Never asks for a passphrase. May
 * throw std::bad_alloc.
 */
Made make_context(const Parameters& parameters);

struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;

/*
 * A client that asks for `name` and, if the context verifies, accepts no other
 * (SSL_set1_host(3), X509_VERIFY_PARAM_set1_ip_asc(3)). It does not ask for an
 * IP address. Null if out of memory.
 */
Ssl make_client(SSL_CTX* context, const std::string& name) noexcept;

/* The reason of an error from OpenSSL's queue, for a log line. */
std::string reason(unsigned long error);

/* Cheaper than ERR_clear_error(), which goes through the whole queue even if it
 * is empty. */
inline void clear_errors() noexcept {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

}  // namespace backends::tls
