// The files that a client's TLS is made of: those that are right, and those
// that are not.

#include "backends/tls.hpp"
#include "support/certificates.hpp"

#include <cstdio>
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string>

using backends::tls::make_context;
using backends::tls::Parameters;
using namespace support;

namespace {

Parameters client() {
    Parameters parameters;
    parameters.on = true;
    parameters.ca = certificates().client_ca.certificate;
    parameters.cert = certificates().client.certificate;
    parameters.cert_key = certificates().client.key;
    return parameters;
}

// The error names `file`, which is the value of `parameter`.
void check_refused(const Parameters& parameters, const std::string& parameter,
                   const std::string& file, const std::string& why) {
    const auto made = make_context(parameters);
    CHECK(made.context == nullptr);
    CHECK(made.error == "cannot load \"" + file + "\" of parameter \"" +
                            parameter + "\": " + why);
    CHECK(ERR_peek_error() == 0);
}

void save_with_passphrase(const KeyPair& pair, const std::string& file) {
    const std::unique_ptr<FILE, int (*)(FILE*)> in(fopen(pair.key.c_str(), "r"),
                                                   fclose);
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
        PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr),
        EVP_PKEY_free);
    const std::unique_ptr<FILE, int (*)(FILE*)> out(fopen(file.c_str(), "w"),
                                                    fclose);
    std::string passphrase = "hunter2";
    REQUIRE(PEM_write_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(),
                                 nullptr, 0, nullptr, passphrase.data()) == 1);
}

}  // namespace

TEST_CASE("tls: right files are taken, and so are none") {
    for (const auto& parameters : {client(), Parameters{}}) {
        const auto made = make_context(parameters);
        CHECK(made.error == "");
        CHECK(made.context != nullptr);
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("tls: no protocol before TLS 1.2 is spoken") {
    const auto made = make_context({});
    REQUIRE(made.context != nullptr);
    CHECK(SSL_CTX_get_min_proto_version(made.context.get()) == TLS1_2_VERSION);
}

TEST_CASE("tls: a file that is not there is told") {
    const TempDir dir;
    const std::string none = dir.path() / "none.pem";
    const std::string why = "No such file or directory";
    auto parameters = client();
    parameters.ca = none;
    check_refused(parameters, "tls_ca", none, why);
    parameters = client();
    parameters.cert = none;
    check_refused(parameters, "tls_cert", none, why);
    parameters = client();
    parameters.cert_key = none;
    check_refused(parameters, "tls_cert_key", none, why);
}

TEST_CASE("tls: a file that holds something else is told") {
    const TempDir dir;
    const std::string other = dir.path() / "other.pem";
    write_file(other, "hello\n");
    auto parameters = client();
    parameters.ca = other;
    check_refused(parameters, "tls_ca", other, "no certificate or crl found");
    parameters = client();
    parameters.cert = other;
    check_refused(parameters, "tls_cert", other, "no start line");
    parameters = client();
    parameters.cert_key = other;
    check_refused(parameters, "tls_cert_key", other, "unsupported");
}

TEST_CASE("tls: a key of another certificate is told") {
    auto parameters = client();
    parameters.cert_key = certificates().store.key;
    check_refused(parameters, "tls_cert_key", parameters.cert_key,
                  "key values mismatch");
}

TEST_CASE("tls: nobody is asked for a passphrase") {
    const TempDir dir;
    const std::string locked = dir.path() / "locked.key";
    save_with_passphrase(certificates().client, locked);
    auto parameters = client();
    parameters.cert_key = locked;
    check_refused(parameters, "tls_cert_key", locked,
                  "problems getting password");
}

TEST_CASE("tls: a client asks for a name, if it can be one") {
    const auto context = make_context(client()).context;
    const auto name_of = [&](const std::string& name) -> std::string {
        const auto ssl = backends::tls::make_client(context.get(), name);
        CHECK(ERR_peek_error() == 0);
        if (ssl == nullptr) {
            return "none";
        }
        const char* asked =
            SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
        return asked != nullptr ? asked : "";
    };
    CHECK(name_of("redis.example") == "redis.example");
    CHECK(name_of(std::string(255, 'a')) == std::string(255, 'a'));
    CHECK(name_of("10.0.0.5").empty());
    CHECK(name_of("").empty());
    // It would accept any server's certificate.
    CHECK(name_of(std::string(256, 'a')) == "none");
}
