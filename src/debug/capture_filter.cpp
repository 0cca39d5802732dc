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

/* Uses ranges if possible, because a filter with each port may be too long. */
void add_ports(std::set<std::string>& parts,
               const std::set<std::uint16_t>& ports) {
    for (auto port = ports.begin(); port != ports.end();) {
        unsigned first = *port;
        unsigned last = first;
        while (++port != ports.end() && *port == last + 1) {
            last = *port;
        }
        parts.insert(first == last ? "port " + std::to_string(first)
                                   : "portrange " + std::to_string(first) +
                                         '-' + std::to_string(last));
    }
}

}  // namespace

std::string capture_filter(const Roles& roles) {
    std::set<std::string> parts;

    add_ports(parts, roles.tls_ports);
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
