#include "support/tls_redis.hpp"

namespace support {

namespace {

Arguments with_tls(const Address& address, const KeyPair& certificate,
                   const Arguments& options) {
    Arguments all = tls_arguments(address, certificate);
    all.insert(all.end(), options.begin(), options.end());
    return all;
}

}  // namespace

Arguments tls_arguments(const Address& address, const KeyPair& certificate) {
    return {"--tls-port",         std::to_string(address.port),
            "--tls-cert-file",    certificate.certificate,
            "--tls-key-file",     certificate.key,
            "--tls-ca-cert-file", certificates().client_ca.certificate,
            "--tls-auth-clients", "no"};
}

TlsRedis::TlsRedis(const KeyPair& certificate, const Arguments& options,
                   const Arguments& credentials)
    : RedisServer(with_tls(tls_port.address(), certificate, options),
                  credentials) {}

void TlsRedis::show(const KeyPair& certificate) const {
    client().command({"CONFIG", "SET", "tls-cert-file", certificate.certificate,
                      "tls-key-file", certificate.key});
}

std::string TlsRedis::parameters() const {
    return "addr=" + tls_address().text() +
           " tls=on \"tls_ca=" + certificates().client_ca.certificate.string() +
           "\"";
}

}  // namespace support
