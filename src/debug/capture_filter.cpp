#include "debug/capture_filter.hpp"

#include <set>

namespace debug {

namespace {

std::string host_of(const Endpoint& endpoint) {
    std::string shown = text(endpoint);
    shown.resize(shown.rfind(':'));
    if (endpoint.v6) {
        shown = shown.substr(1, shown.size() - 2);
    }
    return shown;
}

}  // namespace

std::string capture_filter(const Roles& roles) {
    std::set<std::string> parts;

    for (std::uint16_t port : roles.tls_ports) {
        parts.insert("port " + std::to_string(port));
    }
    for (const StoreAt& store : roles.stores) {
        std::string port = "port " + std::to_string(store.port);
        if (store.addresses.empty() || store.cluster) {
            parts.insert(port);
            continue;
        }
        for (const Endpoint& address : store.addresses) {
            parts.insert("(host " + host_of(address) + " and " + port + ')');
        }
    }

    std::string filter;
    for (const std::string& part : parts) {
        filter += (filter.empty() ? "tcp and (" : " or ") + part;
    }
    return filter.empty() ? "tcp" : filter + ')';
}

}  // namespace debug
