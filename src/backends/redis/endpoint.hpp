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
    std::string host;       /* a name or an address; empty: as who says so */
    std::uint16_t port = 0; /* 0: it has none */
    std::string ip{};       /* what a name stands for, or empty */
    std::string name{};     /* what it is announced as, or empty */

    bool operator==(const Endpoint&) const = default;
};

/* Whether it is as long as a name of DNS, of such characters or those of
 * addresses, and so nothing that a log line may not have. */
bool is_host(std::string_view text) noexcept;

/* Tells it from others, and as log lines have it: "host:port", with IPv6
 * "[host]:port". May throw std::bad_alloc. */
std::string text_of(const Endpoint& endpoint);

/* Nothing: the host is none, or a name, which is to be looked up. May throw
 * std::bad_alloc. */
std::optional<Address> address_of(const std::string& host, std::uint16_t port);

inline std::optional<Address> address_of(const Endpoint& endpoint) {
    return address_of(endpoint.host, endpoint.port);
}

}  // namespace backends::redis
