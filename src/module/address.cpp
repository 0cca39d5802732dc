#include "module/address.hpp"

#include <algorithm>

namespace session_cache {

namespace {

bool is_local(const Address& address, ngx_connection_t* c) {
    return ngx_cmp_sockaddr(address.socket_address, address.length,
                            c->local_sockaddr, c->local_socklen, 1) == NGX_OK;
}

/* Whether it accepts everything that is sent to the port. */
bool takes_all(const Address& address, ngx_connection_t* c) {
    return address.is_wildcard &&
           address.socket_address->sa_family == c->local_sockaddr->sa_family &&
           ngx_inet_get_port(address.socket_address) ==
               ngx_inet_get_port(c->local_sockaddr);
}

}  // namespace

void AddressContexts::add(const Address& address, HandshakeContext context) {
    entries_.push_back({address, std::move(context)});
    differ_ = differ_ || entries_.back().context != entries_.front().context;
}

const HandshakeContext&
AddressContexts::of(ngx_connection_t* c) const noexcept {
    if (!differ_) {
        return entries_.empty() ? other_ : entries_.front().context;
    }
    if (ngx_connection_local_sockaddr(c, nullptr, 0) != NGX_OK) {
        return other_;
    }

    for (auto matches : {is_local, takes_all}) {
        for (const auto& [address, context] : entries_) {
            if (address.is_quic == (c->type == SOCK_DGRAM) &&
                matches(address, c)) {
                return context;
            }
        }
    }
    return other_;
}

}  // namespace session_cache
