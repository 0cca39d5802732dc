#pragma once

#include "support/certificates.hpp"
#include "support/memcached_server.hpp"
#include "support/tls_port.hpp"

#include <string>

namespace support {

// A private memcached with TLS (-Z) on a port of its own. The tests inspect it
// without TLS.
class TlsMemcached : private TlsPort, public MemcachedServer {
  public:
    explicit TlsMemcached(const KeyPair& certificate = certificates().store);

    const Address& tls_address() const { return tls_port.address(); }

    // Parameters with TLS, and the CA that signed the store's certificates.
    std::string parameters() const override;
};

}  // namespace support
