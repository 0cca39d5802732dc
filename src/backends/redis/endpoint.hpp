/*
 * Where other servers are, as servers tell it.
 */

#pragma once

#include "backends/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backends::redis {

struct Endpoint {
    std::string host;       /* a name or an address, of DNS' characters */
    std::uint16_t port = 0; /* not 0 */
};

/* Nothing: it is no host or no port. May throw std::bad_alloc. */
std::optional<Endpoint> endpoint(std::string_view host, std::string_view port);

/* As log lines have it, and URLs. May throw std::bad_alloc. */
std::string text_of(const Endpoint& endpoint);

/* Nothing: its host is a name, which is to be looked up. May throw
 * std::bad_alloc. */
std::optional<Address> address_of(const Endpoint& endpoint);

}  // namespace backends::redis
