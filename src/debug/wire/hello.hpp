/*
 * Parses the ClientHello and the ServerHello: RFC 5246, RFC 8446.
 */

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace debug {

inline constexpr std::uint16_t tls12 = 0x0303;
inline constexpr std::uint16_t tls13 = 0x0304;

/* "TLSv1.3", like $ssl_protocol. */
std::string version_name(std::uint16_t version);

/* The longest session ID (RFC 5246). Longer identities are tickets. */
inline constexpr std::size_t max_session_id = 32;

struct ClientHello {
    /* How many identities are read. A client has a few, an attacker
     * thousands. */
    static constexpr std::size_t max_identities = 32;
    /* How many bytes of a name are read. DNS has no longer names. */
    static constexpr std::size_t max_name = 255;

    std::uint16_t version = 0; /* 1.2 if it is TLS 1.3 */
    std::string session_id{};  /* without meaning in TLS 1.3 */
    /* In their order. An empty one is a ticket. */
    std::vector<std::string> psk_identities{};
    bool offers_tls13 = false;
    std::string alpn{}; /* protocols, separated by commas */
    std::string server_name{};
    std::string proxied{};   /* the client that the PROXY protocol names */
    bool has_ticket = false; /* TLS 1.2 */
    bool early_data = false;
};

struct ServerHello {
    std::uint16_t version = 0; /* the chosen one */
    std::string session_id{};
    std::string alpn{};                 /* encrypted in TLS 1.3 */
    bool retry = false;                 /* a HelloRetryRequest */
    std::optional<std::uint16_t> psk{}; /* the index of the chosen identity */
};

/* Parses the body of a handshake message. None if it is malformed. */
std::optional<ClientHello> read_client_hello(std::string_view body);
std::optional<ServerHello> read_server_hello(std::string_view body);

}  // namespace debug
