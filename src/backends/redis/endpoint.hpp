/*
 * Where servers say that other servers are.
 */

#pragma once

#include "backends/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backends::redis {

struct Endpoint {
    std::string host;       /* a name or address; if empty, as the sender's */
    std::uint16_t port = 0; /* 0 if it has none */
    std::string ip{};       /* what the name resolves to, or empty */
    std::string name{};     /* the announced name, or empty */

    bool operator==(const Endpoint&) const = default;
};

/* Whether it has the length of a DNS name, and only characters of names and
 * addresses, so that a log line may have it. */
bool is_host(std::string_view text) noexcept;

/* Its unique text, also for log lines: "host:port", or "[host]:port" with IPv6.
 * May throw std::bad_alloc. */
std::string text_of(const Endpoint& endpoint);

/* Nothing if the host is a name that has to be looked up, or not valid. May
 * throw std::bad_alloc. */
std::optional<Address> address_of(const std::string& host, std::uint16_t port);

inline std::optional<Address> address_of(const Endpoint& endpoint) {
    return address_of(endpoint.host, endpoint.port);
}

}  // namespace backends::redis
