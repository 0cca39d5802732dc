/*
 * What a TLS client and a server say of themselves: RFC 5246, RFC 8446.
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

/* "TLSv1.3", as $ssl_protocol has it. */
std::string version_name(std::uint16_t version);

/* The longest session ID, RFC 5246; longer identities are tickets. */
inline constexpr std::size_t max_session_id = 32;

struct ClientHello {
    /* So many identities are read: a client has a few, a stranger thousands. */
    static constexpr std::size_t max_identities = 32;
    /* And so much of names, in bytes; DNS has no longer ones. */
    static constexpr std::size_t max_name = 255;

    std::uint16_t version = 0; /* TLS 1.3 says 1.2 here */
    std::string session_id{};  /* in TLS 1.3 it means nothing */
    /* In their places; empty: a ticket. */
    std::vector<std::string> psk_identities{};
    bool offers_tls13 = false;
    std::string alpn{}; /* protocols, with commas between */
    std::string server_name{};
    std::string proxied{};   /* the client, as the PROXY protocol names it */
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
