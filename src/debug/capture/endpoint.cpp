#include "debug/capture/endpoint.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace debug {

std::string text(const Endpoint& endpoint) {
    char address[INET6_ADDRSTRLEN] = "";
    inet_ntop(endpoint.v6 ? AF_INET6 : AF_INET, endpoint.address.data(),
              address, sizeof(address));

    std::string shown(address);
    if (endpoint.v6) {
        shown = '[' + shown + ']';
    }
    return shown + ':' + std::to_string(endpoint.port);
}

Endpoint unmapped(Endpoint endpoint) {
    static constexpr std::array<unsigned char, 12> prefix{
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const auto& address = endpoint.address;

    if (endpoint.v6 &&
        std::equal(prefix.begin(), prefix.end(), address.begin())) {
        Endpoint plain;
        plain.port = endpoint.port;
        std::copy_n(address.begin() + prefix.size(), 4, plain.address.begin());
        return plain;
    }
    return endpoint;
}

std::optional<Endpoint> read_endpoint(std::string_view text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }

    std::string address(text.substr(0, colon));
    auto port = numbers::read<std::uint16_t>(text.substr(colon + 1));
    if (!port) {
        return std::nullopt;
    }

    Endpoint endpoint;
    endpoint.port = *port;
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        endpoint.v6 = true;
        address = address.substr(1, address.size() - 2);
    }
    int family = endpoint.v6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, address.c_str(), endpoint.address.data()) != 1) {
        return std::nullopt;
    }
    return unmapped(endpoint);
}

}  // namespace debug
