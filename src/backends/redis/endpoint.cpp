#include "backends/redis/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace backends::redis {

namespace {

constexpr std::size_t longest_host = 253;

bool is_host_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' ||
           c == ':';
}

}  // namespace

std::optional<Endpoint> endpoint(std::string_view host, std::string_view port) {
    std::uint16_t number = 0;
    const char* end = port.data() + port.size();
    auto [stop, error] = std::from_chars(port.data(), end, number);

    if (error != std::errc() || stop != end || number == 0 || host.empty() ||
        host.size() > longest_host ||
        !std::all_of(host.begin(), host.end(), is_host_character)) {
        return std::nullopt;
    }
    return Endpoint{std::string(host), number};
}

std::string text_of(const Endpoint& endpoint) {
    bool v6 = endpoint.host.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
           std::to_string(endpoint.port);
}

std::optional<Address> address_of(const Endpoint& endpoint) {
    Address address{};
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage);

    if (inet_pton(AF_INET, endpoint.host.c_str(), &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        in.sin_port = htons(endpoint.port);
        address.length = sizeof(in);
    } else if (inet_pton(AF_INET6, endpoint.host.c_str(), &in6.sin6_addr) ==
               1) {
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(endpoint.port);
        address.length = sizeof(in6);
    } else {
        return std::nullopt;
    }
    address.text = text_of(endpoint);
    return address;
}

}  // namespace backends::redis
