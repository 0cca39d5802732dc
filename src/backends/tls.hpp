/*
 * TLS as a store's client has it: the configuration of its connections, and
 * what is said of OpenSSL's errors.
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
    std::string name;     /* of the server, or its IP address; empty: none */
    std::string ca;       /* a PEM file; empty: what the system trusts */
    std::string cert;     /* the client's chain, PEM; empty: it has none */
    std::string cert_key; /* PEM, without a passphrase */

    bool operator==(const Parameters&) const = default;
};

struct Made {
    std::shared_ptr<SSL_CTX> context; /* null: see `error` */
    std::string error{};              /* names the parameter and its file */
};

/*
 * Reads the files (SSL_CTX_load_verify_locations(3),
 * SSL_CTX_use_certificate_chain_file(3)). Nobody is asked for a passphrase.
 * May throw std::bad_alloc.
 */
Made make_context(const Parameters& parameters);

struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;

/*
 * A client that asks for `name` and, where the context verifies, accepts no
 * other (SSL_set1_host(3), X509_VERIFY_PARAM_set1_ip_asc(3)); an IP address
 * is not asked for. Null: out of memory.
 */
Ssl make_client(SSL_CTX* context, const std::string& name) noexcept;

/* What an error from OpenSSL's queue is for, for a log line. */
std::string reason(unsigned long error);

/* ERR_clear_error() goes through all of the queue, even an empty one. */
inline void clear_errors() noexcept {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

}  // namespace backends::tls
