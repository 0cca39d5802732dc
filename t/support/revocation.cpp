#include "support/revocation.hpp"

#include <cstdio>
#include <memory>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace support {

namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Crl = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using File = std::unique_ptr<FILE, Deleter<fclose>>;

File open(const std::filesystem::path& path, const char* mode) {
    File file(fopen(path.c_str(), mode));
    if (!file) {
        throw std::runtime_error("cannot open " + path.string());
    }
    return file;
}

Certificate load_certificate(const KeyPair& pair) {
    return Certificate(PEM_read_X509(open(pair.certificate, "r").get(), nullptr,
                                     nullptr, nullptr));
}

Key load_key(const KeyPair& pair) {
    return Key(PEM_read_PrivateKey(open(pair.key, "r").get(), nullptr, nullptr,
                                   nullptr));
}

Crl revoke(const X509* ca, EVP_PKEY* key, X509* revoked) {
    Crl crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl.get(), X509_get0_notBefore(ca));
    X509_CRL_set1_nextUpdate(crl.get(), X509_get0_notAfter(ca));

    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked));
    X509_REVOKED_set_revocationDate(entry, X509_getm_notBefore(revoked));
    X509_CRL_add0_revoked(crl.get(), entry);
    if (X509_CRL_sign(crl.get(), key, EVP_sha256()) == 0) {
        throw std::runtime_error("cannot sign a CRL");
    }
    return crl;
}

// The same certificate for another key.
Certificate namesake_of(X509* ca) {
    const Key key(EVP_EC_gen("P-256"));
    Certificate other(X509_dup(ca));
    X509_set_pubkey(other.get(), key.get());
    if (X509_sign(other.get(), key.get(), EVP_sha256()) == 0) {
        throw std::runtime_error("cannot sign a certificate");
    }
    return other;
}

}  // namespace

Revocation::Revocation()
    : crl(dir.path() / "crl.pem"), namesake(dir.path() / "namesake.crt") {
    const auto& issuer = certificates().client_ca;
    const auto ca = load_certificate(issuer);
    const auto client = load_certificate(certificates().client);
    const auto list = revoke(ca.get(), load_key(issuer).get(), client.get());
    PEM_write_X509_CRL(open(crl, "w").get(), list.get());
    PEM_write_X509(open(namesake, "w").get(), namesake_of(ca.get()).get());
}

const Revocation& revocation() {
    static const Revocation made;
    return made;
}

}  // namespace support
