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

/* The contexts of the handshakes that begin with one server, by address. */
class AddressContexts {
  public:
    /* May throw std::bad_alloc. */
    void add(const Address& address, Context context);

    /* For connections that come by none of the addresses: the strictest. */
    void set_other(Context context) { other_ = std::move(context); }

    /* That of a connection, by the local address that nginx goes by. */
    const Context& of(ngx_connection_t* c) const noexcept;

  private:
    struct Entry {
        Address address;
        Context context;
    };

    std::vector<Entry> entries_;
    bool differ_ = false;
    Context other_; /* of connections by none of them */
};

}  // namespace session_cache
