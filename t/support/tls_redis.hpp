#pragma once

#include "support/certificates.hpp"
#include "support/redis_server.hpp"
#include "support/tls_port.hpp"

#include <string>

namespace support {

// Of a redis-server that has TLS on this port, and wants no certificate.
Arguments tls_arguments(const Address& address, const KeyPair& certificate);

// A private redis-server with TLS on a port of its own; the tests look into
// it without TLS.
class TlsRedis : private TlsPort, public RedisServer {
  public:
    explicit TlsRedis(const KeyPair& certificate = certificates().store,
                      const Arguments& options = {},
                      const Arguments& credentials = {});

    const Address& tls_address() const { return tls_port.address(); }

    // From now on, whoever connects is shown this.
    void show(const KeyPair& certificate) const;

    // With TLS, and the CA that signed the store's certificates.
    std::string parameters() const override;
};

}  // namespace support
