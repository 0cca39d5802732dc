#include "debug/capture/endpoint.hpp"

#include <arpa/inet.h>
#include <charconv>
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

std::optional<Endpoint> read_endpoint(std::string_view text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }

    std::string address(text.substr(0, colon));
    std::string_view port = text.substr(colon + 1);
    Endpoint endpoint;
    auto [end, error] =
        std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size()) {
        return std::nullopt;
    }

    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        endpoint.v6 = true;
        address = address.substr(1, address.size() - 2);
    }
    int family = endpoint.v6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, address.c_str(), endpoint.address.data()) != 1) {
        return std::nullopt;
    }
    return endpoint;
}

}  // namespace debug
