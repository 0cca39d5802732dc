#include "backends/redis/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace backends::redis {

namespace {

constexpr std::size_t longest_host = 253;

/* Including characters of IPv6 scopes. */
bool is_host_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' ||
           c == ':' || c == '%';
}

}  // namespace

bool is_host(std::string_view text) noexcept {
    return text.size() <= longest_host &&
           std::all_of(text.begin(), text.end(), is_host_character);
}

std::string text_of(const Endpoint& endpoint) {
    bool v6 = endpoint.host.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
           std::to_string(endpoint.port);
}

std::optional<Address> address_of(const std::string& host, std::uint16_t port) {
    Address address{};
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage);

    if (inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        address.length = sizeof(in);
    } else if (inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) == 1) {
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(port);
        address.length = sizeof(in6);
    } else {
        return std::nullopt;
    }
    address.text = text_of({.host = host, .port = port});
    return address;
}

}  // namespace backends::redis
