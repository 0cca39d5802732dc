#include "sessions/context.hpp"

#include <algorithm>
#include <string>

namespace session_cache {

namespace {

class Sha256 {
  public:
    Sha256() : md_(EVP_MD_CTX_new()) {
        require(md_ != nullptr &&
                EVP_DigestInit_ex(md_.get(), EVP_sha256(), nullptr) == 1);
    }

    void add(Bytes bytes) {
        require(EVP_DigestUpdate(md_.get(), bytes.data(), bytes.size()) == 1);
    }

    /* the same on machines of any kind */
    void add(long number) {
        std::string text = std::to_string(number) + ' ';
        require(EVP_DigestUpdate(md_.get(), text.data(), text.size()) == 1);
    }

    Digest finish() {
        Digest digest;
        require(EVP_DigestFinal_ex(md_.get(), digest.data(), nullptr) == 1);
        return digest;
    }

  private:
    Owned<EVP_MD_CTX, EVP_MD_CTX_free> md_;
};

/* The digest of a trusted certificate or a CRL. False if it is neither. */
bool digest_of(const X509_OBJECT* object, Digest& digest) {
    if (const X509* certificate = X509_OBJECT_get0_X509(object)) {
        require(X509_digest(certificate, EVP_sha256(), digest.data(),
                            nullptr) == 1);
        return true;
    }

    X509_CRL* crl = X509_OBJECT_get0_X509_CRL(object);
    if (crl != nullptr) {
        require(X509_CRL_digest(crl, EVP_sha256(), digest.data(), nullptr) ==
                1);
    }
    return crl != nullptr;
}

/* Sorted, so that the order in their files does not matter. */
std::vector<Digest> trusted(SSL_CTX* ctx) {
    std::vector<Digest> all;
    STACK_OF(X509_OBJECT)* objects =
        X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));

    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
        Digest digest;
        if (digest_of(sk_X509_OBJECT_value(objects, i), digest)) {
            all.push_back(digest);
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

/* nginx accepts protocols that OpenSSL was built without, such as only
 * SSLv3. */
void allow_all_protocols(SSL* ssl) {
    SSL_clear_options(ssl, SSL_OP_NO_SSL_MASK);
    require(SSL_set_min_proto_version(ssl, 0) == 1 &&
            SSL_set_max_proto_version(ssl, 0) == 1);
}

}  // namespace

/*
 * OpenSSL has no function that returns it. But any session that is made under
 * the SSL_CTX has it, even that of a client that begins its ClientHello. The
 * client stops when it finds that it has no cipher. Extensions would come next,
 * and those that nginx adds, such as QUIC's, need a connection.
 */
Context context_of(SSL_CTX* ctx) {
    Owned<SSL, SSL_free> ssl(SSL_new(ctx));
    require(ssl != nullptr);

    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), in, out);
    require(in != nullptr && out != nullptr);
    allow_all_protocols(ssl.get());

    /* instead of nginx's, which needs a connection */
    SSL_set_info_callback(ssl.get(), [](const SSL*, int, int) {});
    SSL_set_security_callback(
        ssl.get(),
        [](const SSL*, const SSL_CTX*, int operation, int, int, void*,
           void*) -> int { return operation != SSL_SECOP_CIPHER_SUPPORTED; });
    SSL_set_connect_state(ssl.get());
    SSL_do_handshake(ssl.get());
    ERR_clear_error();

    const SSL_SESSION* session = SSL_get0_session(ssl.get());
    require(session != nullptr);

    unsigned int length = 0;
    const unsigned char* context =
        SSL_SESSION_get0_id_context(session, &length);
    return {context, context + length};
}

Digest verification_of(SSL_CTX* ctx, std::span<const long> settings) {
    Sha256 sha;

    for (long setting : settings) {
        sha.add(setting);
    }
    if (ctx != nullptr) {
        sha.add(long{SSL_CTX_get_verify_mode(ctx)});
        sha.add(long{SSL_CTX_get_verify_depth(ctx)});
        for (const Digest& digest : trusted(ctx)) {
            sha.add(digest);
        }
    }
    return sha.finish();
}

Context joint_context(const Context& own, const Company& company) {
    Sha256 sha;

    sha.add(own);
    sha.add(static_cast<long>(company.verifications.size()));
    for (const Digest& digest : company.verifications) {
        sha.add(digest);
    }
    for (const Context& context : company.contexts) {
        sha.add(static_cast<long>(context.size()));
        sha.add(context);
    }

    Digest digest = sha.finish();
    return {digest.begin(), digest.end()};
}

}  // namespace session_cache
