#include "support/certificates.hpp"

#include <cstdio>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace support {

namespace fs = std::filesystem;

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
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using File = std::unique_ptr<FILE, Deleter<fclose>>;

struct Issued {
    Key key;
    Certificate certificate;
};

Key ec_key() {
    return Key(EVP_EC_gen("P-256"));
}

Key rsa_key() {
    return Key(EVP_RSA_gen(2048));
}

void add_extension(X509* certificate, int nid, const std::string& value) {
    const Extension extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
        throw std::runtime_error("certificate extension " + value);
    }
}

constexpr long month = 30L * 24 * 3600;
constexpr long past = -60;

Certificate unsigned_certificate(EVP_PKEY* key, const std::string& name,
                                 long lifetime) {
    static long serial = 0;
    Certificate result(X509_new());
    X509* certificate = result.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    return result;
}

// Self-signed if there is no issuer.
Issued issue(Key key, const std::string& name, const std::string& constraints,
             const std::string& alternatives, const Issued* issuer,
             long lifetime = month) {
    auto certificate = unsigned_certificate(key.get(), name, lifetime);
    X509* signer = issuer ? issuer->certificate.get() : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
    add_extension(certificate.get(), NID_basic_constraints, constraints);
    if (!alternatives.empty()) {
        add_extension(certificate.get(), NID_subject_alt_name, alternatives);
    }
    EVP_PKEY* signing_key = issuer ? issuer->key.get() : key.get();
    if (X509_sign(certificate.get(), signing_key, EVP_sha256()) == 0) {
        throw std::runtime_error("cannot sign the certificate of " + name);
    }
    return {std::move(key), std::move(certificate)};
}

Issued server(Key key) {
    return issue(std::move(key), "localhost", "CA:FALSE",
                 "DNS:localhost,IP:127.0.0.1,IP:::1", nullptr);
}

Issued store(const Issued& ca, const std::string& names,
             long lifetime = month) {
    return issue(ec_key(), "store", "CA:FALSE", names, &ca, lifetime);
}

// Each alternative name takes 58 bytes in the certificate.
Issued client(const std::string& name, int alternatives, const Issued& ca) {
    std::string names;
    for (int i = 0; i < alternatives; ++i) {
        const auto number = std::to_string(100'000 + i);
        names += (i ? "," : "") + ("DNS:n" + number) +
                 ".a-name-that-makes-a-certificate-long.example.com";
    }
    return issue(ec_key(), name, "CA:FALSE", names, &ca);
}

KeyPair save(const Issued& issued, const fs::path& dir,
             const std::string& name) {
    KeyPair pair{dir / (name + ".crt"), dir / (name + ".key")};
    const File certificate(fopen(pair.certificate.c_str(), "w"));
    const File key(fopen(pair.key.c_str(), "w"));
    if (!certificate || !key ||
        PEM_write_X509(certificate.get(), issued.certificate.get()) != 1 ||
        PEM_write_PrivateKey(key.get(), issued.key.get(), nullptr, nullptr, 0,
                             nullptr, nullptr) != 1) {
        throw std::runtime_error("cannot save the certificate " + name);
    }
    return pair;
}

void save_crl(const Issued& ca, const fs::path& path) {
    const std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>> crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(),
                             X509_get_subject_name(ca.certificate.get()));
    X509_CRL_set1_lastUpdate(crl.get(),
                             X509_get0_notBefore(ca.certificate.get()));
    X509_CRL_set1_nextUpdate(crl.get(),
                             X509_get0_notAfter(ca.certificate.get()));
    const File file(fopen(path.c_str(), "w"));
    if (!file || X509_CRL_sign(crl.get(), ca.key.get(), EVP_sha256()) == 0 ||
        PEM_write_X509_CRL(file.get(), crl.get()) != 1) {
        throw std::runtime_error("cannot make a CRL");
    }
}

}  // namespace

Certificates::Certificates() : subject("CN=client") {
    const auto& at = dir.path();
    const auto ca =
        issue(ec_key(), "client CA", "critical,CA:TRUE", "", nullptr);
    rsa = save(server(rsa_key()), at, "rsa");
    ecdsa = save(server(ec_key()), at, "ecdsa");
    client_ca = save(ca, at, "ca");
    crl = at / "revoked.pem";
    save_crl(ca, crl);
    const std::string local = "DNS:localhost,IP:127.0.0.1,IP:::1";
    store = save(support::store(ca, local), at, "store");
    store_expired = save(support::store(ca, local, past), at, "store_expired");
    store_elsewhere =
        save(support::store(ca, "DNS:elsewhere"), at, "store_elsewhere");
    client = save(support::client("client", 0, ca), at, "client");
    large = save(support::client("large", 350, ca), at, "large");
    huge = save(support::client("huge", 1300, ca), at, "huge");
}

const Certificates& certificates() {
    static const Certificates made;
    return made;
}

}  // namespace support
