#include "support/tls_memcached.hpp"

namespace support {

TlsMemcached::TlsMemcached(const KeyPair& certificate)
    : MemcachedServer({"-Z", "-o",
                       "ssl_chain_cert=" + certificate.certificate.string() +
                           ",ssl_key=" + certificate.key.string(),
                       "-l", tls_port.address().text()},
                      Listen::at_plain_port) {}

std::string TlsMemcached::parameters() const {
    return "type=memcached addr=" + tls_address().text() +
           " tls=on \"tls_ca=" + certificates().client_ca.certificate.string() +
           "\"";
}

}  // namespace support
