/*
 * The addresses of a configuration on which connections are accepted. Several
 * may share a listen socket.
 */

#pragma once

#include "module/ngx.hpp"
#include "sessions/context.hpp"

#include <vector>

namespace session_cache {

struct Address {
    ngx_str_t text;
    sockaddr* socket_address; /* owned by the configuration */
    socklen_t length;
    bool is_wildcard;
    bool is_quic = false;
};

/* The session ID context of a handshake. */
struct HandshakeContext {
    Context ours;

    /* The context in an nginx without this module if ours adds no check to it;
     * otherwise empty. */
    Context plain;

    bool operator==(const HandshakeContext&) const = default;
};

/* The contexts of the handshakes that begin with one server, by address. */
class AddressContexts {
  public:
    /* May throw std::bad_alloc. */
    void add(const Address& address, HandshakeContext context);

    /* For connections to none of the addresses: the strictest context. */
    void set_other(HandshakeContext context) { other_ = std::move(context); }

    /* The context of a connection, by the local address that nginx uses. */
    const HandshakeContext& of(ngx_connection_t* c) const noexcept;

  private:
    struct Entry {
        Address address;
        HandshakeContext context;
    };

    std::vector<Entry> entries_;
    bool differ_ = false;
    HandshakeContext other_; /* of connections to none of them */
};

}  // namespace session_cache
