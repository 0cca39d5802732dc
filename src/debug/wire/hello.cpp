#include "debug/wire/hello.hpp"
#include "debug/capture/cursor.hpp"

#include <algorithm>
#include <cstdio>

namespace debug {

namespace {

enum Extension : std::uint16_t {
    server_name = 0,
    alpn = 16,
    session_ticket = 35,
    pre_shared_key = 41,
    early_data = 42,
    supported_versions = 43,
};

constexpr std::string_view retry_random(
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c",
    32);

/* Calls `read` with each extension's type and body. False if they are
 * malformed. */
template <class Read>
bool read_extensions(Cursor& hello, Read read) {
    if (hello.empty()) {
        return !hello.failed();
    }

    Cursor extensions(hello.block(2));
    while (!extensions.empty()) {
        auto type = static_cast<std::uint16_t>(extensions.number(2));
        read(type, extensions.block(2));
    }
    return !hello.failed() && !extensions.failed();
}

std::string read_server_name(std::string_view body) {
    Cursor names(Cursor(body).block(2));
    while (!names.empty()) {
        unsigned type = names.number(1);
        std::string_view name = names.block(2);
        if (type == 0) {
            return std::string(name.substr(0, ClientHello::max_name));
        }
    }
    return {};
}

std::string read_alpn(std::string_view body) {
    std::string protocols;
    Cursor list(Cursor(body).block(2));
    while (!list.empty() && protocols.size() < ClientHello::max_name) {
        protocols += protocols.empty() ? "" : ",";
        protocols += list.block(1);
    }
    protocols.resize(std::min(protocols.size(), ClientHello::max_name));
    return protocols;
}

std::vector<std::string> read_identities(std::string_view body) {
    std::vector<std::string> identities;
    Cursor list(Cursor(body).block(2));
    while (!list.empty() && identities.size() < ClientHello::max_identities) {
        std::string_view identity = list.block(2);
        bool is_ticket = identity.size() > max_session_id;
        identities.emplace_back(is_ticket ? std::string_view() : identity);
        list.take(4); /* its age */
    }
    return identities;
}

bool has_tls13(std::string_view body) {
    Cursor list(Cursor(body).block(1));
    while (!list.empty()) {
        if (list.number(2) == tls13) {
            return true;
        }
    }
    return false;
}

void read_extension(ClientHello& hello, std::uint16_t type,
                    std::string_view body) {
    switch (type) {
    case server_name:
        hello.server_name = read_server_name(body);
        break;
    case alpn:
        hello.alpn = read_alpn(body);
        break;
    case session_ticket:
        hello.has_ticket = !body.empty();
        break;
    case pre_shared_key:
        hello.psk_identities = read_identities(body);
        break;
    case early_data:
        hello.early_data = true;
        break;
    case supported_versions:
        hello.offers_tls13 = has_tls13(body);
        break;
    default:
        break;
    }
}

void read_extension(ServerHello& hello, std::uint16_t type,
                    std::string_view body) {
    auto number = [&] {
        return static_cast<std::uint16_t>(Cursor(body).number(2));
    };

    switch (type) {
    case alpn:
        hello.alpn = read_alpn(body);
        break;
    case pre_shared_key:
        hello.psk = number();
        break;
    case supported_versions:
        hello.version = number();
        break;
    default:
        break;
    }
}

}  // namespace

std::string version_name(std::uint16_t version) {
    switch (version) {
    case 0x0300:
        return "SSLv3";
    case 0x0301:
        return "TLSv1";
    case 0x0302:
        return "TLSv1.1";
    case tls12:
        return "TLSv1.2";
    case tls13:
        return "TLSv1.3";
    default:
        char text[16];
        std::snprintf(text, sizeof(text), "TLS 0x%04x", version);
        return text;
    }
}

std::optional<ClientHello> read_client_hello(std::string_view body) {
    Cursor cursor(body);
    ClientHello hello;

    hello.version = static_cast<std::uint16_t>(cursor.number(2));
    cursor.take(32);
    hello.session_id = cursor.block(1);
    cursor.block(2); /* cipher suites */
    cursor.block(1); /* compression methods */
    bool whole = read_extensions(
        cursor, [&](std::uint16_t type, std::string_view extension) {
            read_extension(hello, type, extension);
        });
    if (!whole || hello.session_id.size() > max_session_id) {
        return std::nullopt;
    }
    return hello;
}

std::optional<ServerHello> read_server_hello(std::string_view body) {
    Cursor cursor(body);
    ServerHello hello;

    hello.version = static_cast<std::uint16_t>(cursor.number(2));
    hello.retry = cursor.take(32) == retry_random;
    hello.session_id = cursor.block(1);
    cursor.take(3); /* cipher suite, compression method */
    bool whole = read_extensions(
        cursor, [&](std::uint16_t type, std::string_view extension) {
            read_extension(hello, type, extension);
        });
    if (!whole || hello.session_id.size() > max_session_id) {
        return std::nullopt;
    }
    return hello;
}

}  // namespace debug
