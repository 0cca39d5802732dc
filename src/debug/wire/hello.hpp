/*
 * What a TLS client and a server say of themselves: RFC 5246, RFC 8446.
 */

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace debug {

inline constexpr std::uint16_t tls12 = 0x0303;
inline constexpr std::uint16_t tls13 = 0x0304;

/* "TLSv1.3", as $ssl_protocol has it. */
std::string version_name(std::uint16_t version);

struct ClientHello {
    std::uint16_t version = 0; /* TLS 1.3 says 1.2 here */
    std::string session_id{};  /* in TLS 1.3 it means nothing */
    std::vector<std::string> psk_identities{};
    std::vector<std::uint16_t> versions{};
    std::vector<std::string> alpn{};
    std::string server_name{};
    bool has_ticket = false; /* of TLS 1.2 */
    bool early_data = false;
};

struct ServerHello {
    std::uint16_t version = 0; /* the one that was chosen */
    std::string session_id{};
    std::string alpn{};                 /* encrypted in TLS 1.3 */
    bool retry = false;                 /* it is a HelloRetryRequest */
    std::optional<std::uint16_t> psk{}; /* the chosen identity's place */
};

/* Of a handshake message's body; none: it is malformed. */
std::optional<ClientHello> read_client_hello(std::string_view body);
std::optional<ServerHello> read_server_hello(std::string_view body);

}  // namespace debug
