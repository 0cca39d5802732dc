#pragma once

#include "support/certificates.hpp"
#include "support/redis_server.hpp"
#include "support/tls_port.hpp"

#include <string>

namespace support {

// Arguments of a redis-server with TLS on this port, without client
// certificates.
Arguments tls_arguments(const Address& address, const KeyPair& certificate);

// A private redis-server with TLS on a port of its own. The tests inspect it
// without TLS.
class TlsRedis : private TlsPort, public RedisServer {
  public:
    explicit TlsRedis(const KeyPair& certificate = certificates().store,
                      const Arguments& options = {},
                      const Arguments& credentials = {});

    const Address& tls_address() const { return tls_port.address(); }

    // Changes the server's certificate.
    void show(const KeyPair& certificate) const;

    // Parameters with TLS, and the CA that signed the store's certificates.
    std::string parameters() const override;
};

}  // namespace support
