/*
 * The addresses that connections are accepted on, as the configuration has
 * them: several may share a listen socket.
 */

#pragma once

#include "module/ngx.hpp"
#include "sessions/context.hpp"

#include <vector>

namespace session_cache {

struct Address {
    ngx_str_t text;
    sockaddr* socket_address; /* the configuration's */
    socklen_t length;
    bool is_wildcard;
    bool is_quic = false;
};

/* The session ID context of a handshake. */
struct HandshakeContext {
    Context ours;

    /* That of an nginx without this module, where ours adds nothing that is
     * checked; or else empty. */
    Context plain;

    bool operator==(const HandshakeContext&) const = default;
};

/* The contexts of the handshakes that begin with one server, by address. */
class AddressContexts {
  public:
    /* May throw std::bad_alloc. */
    void add(const Address& address, HandshakeContext context);

    /* For connections that come by none of the addresses: the strictest. */
    void set_other(HandshakeContext context) { other_ = std::move(context); }

    /* That of a connection, by the local address that nginx goes by. */
    const HandshakeContext& of(ngx_connection_t* c) const noexcept;

  private:
    struct Entry {
        Address address;
        HandshakeContext context;
    };

    std::vector<Entry> entries_;
    bool differ_ = false;
    HandshakeContext other_; /* of connections by none of them */
};

}  // namespace session_cache
