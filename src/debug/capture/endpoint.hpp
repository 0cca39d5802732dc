/*
 * An endpoint of a TCP connection.
 */

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace debug {

struct Endpoint {
    std::array<unsigned char, 16> address{}; /* IPv4: in the first four */
    bool v6 = false;
    std::uint16_t port = 0;

    /* clang-tidy mistakes the comparison's zero for a pointer. */
    auto operator<=>(const Endpoint&) const = default;  // NOLINT(*-use-nullptr)
};

/* "10.1.2.3:443", "[2001:db8::1]:443". */
std::string text(const Endpoint& endpoint);

/* Converts an IPv4 address of a dual-stack socket, "::ffff:10.1.2.3", to the
 * one on the wire: 10.1.2.3. */
Endpoint unmapped(Endpoint endpoint);

/* Parses the result of text(), and unmaps it. */
std::optional<Endpoint> read_endpoint(std::string_view text);

}  // namespace debug
