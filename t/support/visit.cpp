#include "support/visit.hpp"

#include "support/gnutls_client.hpp"
#include "support/node_client.hpp"
#include "support/tls_exchange.hpp"

namespace support {

namespace {

std::string serialize(const Session& session) {
    unsigned char* bytes = nullptr;
    const int size = i2d_SSL_SESSION(session.get(), &bytes);
    std::string text(reinterpret_cast<char*>(bytes),
                     static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return text;
}

Session parse(const std::string& text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    return {d2i_SSL_SESSION(nullptr, &bytes, std::ssize(text)),
            SSL_SESSION_free};
}

Visit openssl_visit(const Address& address, const Visit& last) {
    auto options = last.protocol == "TLSv1.2" ? tls12() : tls13();
    if (!last.session.empty()) {
        options.session = parse(last.session);
    }
    const auto done = get(address, options);
    const auto session =
        done.sessions.empty() ? last.session : serialize(done.session());
    return {done.reused, done.version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3",
            session};
}

}  // namespace

std::span<const VisitingClient> visiting_clients() {
    static const VisitingClient clients[] = {{"OpenSSL", openssl_visit},
                                             {"GnuTLS", gnutls_visit},
                                             {"Node.js", nodejs_visit}};
    return clients;
}

}  // namespace support
