#include "directive/doubts.hpp"

#include "directive/hints.hpp"
#include "directive/quoted.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace session_cache {

namespace {

using Warnings = std::vector<std::string>;

/* The author of a number without a unit may think of seconds. */
void doubt_times(Warnings& warnings, const StoreParameters& store) {
    constexpr std::chrono::milliseconds shortest(10);
    struct Time {
        std::string_view name;
        std::chrono::milliseconds value;
    };

    for (const Time& time :
         {Time{"timeout", store.timeout}, Time{"interval", store.interval}}) {
        if (time.value < shortest) {
            warnings.push_back(
                "parameter " + quoted(time.name) + " is only " +
                std::to_string(time.value.count()) +
                " ms (a time without a unit is in milliseconds) in");
        }
    }
}

/* Other directives of nginx have variables. A password may begin with "$", but
 * then it does not look like a variable's name. */
void doubt_variables(Warnings& warnings, const Directive& directive) {
    auto warn_if = [&](bool has, std::string_view name) {
        if (has) {
            warnings.push_back("\"$...\" in parameter " + quoted(name) +
                               " is not a variable here, but text, in");
        }
    };
    const StoreParameters& store = directive.store;
    const backends::tls::Parameters& tls = store.tls;
    const std::vector<std::string>& keys = directive.keys;

    warn_if(is_variable(store.user) || is_variable(store.password), "auth");
    warn_if(is_variable(store.sentinel_user) ||
                is_variable(store.sentinel_password),
            "sentinel_auth");
    warn_if(has_variable(directive.prefix), "prefix");
    warn_if(std::any_of(keys.begin(), keys.end(), has_variable), "key");
    warn_if(has_variable(tls.name), "tls_name");
    warn_if(has_variable(tls.ca), "tls_ca");
    warn_if(has_variable(tls.cert), "tls_cert");
    warn_if(has_variable(tls.cert_key), "tls_cert_key");
}

/* In memcached's ring, such a server gets two shares of the sessions. */
void doubt_twins(Warnings& warnings, const StoreParameters& store) {
    const std::vector<ServerParameters>& servers = store.servers;

    for (std::size_t i = 1; i < servers.size(); ++i) {
        auto is_twin = [&](const ServerParameters& other) {
            return other.host == servers[i].host &&
                   other.path == servers[i].path &&
                   other.port == servers[i].port;
        };
        auto end = servers.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::any_of(servers.begin(), end, is_twin)) {
            /* a string would be std::quoted()'s, where that is known */
            std::string_view name =
                servers[i].path.empty() ? servers[i].host : servers[i].path;
            warnings.push_back("several parameters \"addr\" name " +
                               quoted(name) + " in");
            return;
        }
    }
}

void doubt_trust(Warnings& warnings, const StoreParameters& store) {
    if (store.tls.on && !store.tls.verify) {
        warnings.emplace_back(
            "with \"tls_verify=off\" any server is accepted as the store, in");
    }
}

}  // namespace

std::vector<std::string> doubts_of(const Directive& directive,
                                   bool has_parameters) {
    Warnings warnings;

    if (!directive.on) {
        if (has_parameters) {
            warnings.emplace_back(
                "other parameters have no effect next to \"off\" in");
        }
        return warnings;
    }
    doubt_times(warnings, directive.store);
    doubt_variables(warnings, directive);
    doubt_twins(warnings, directive.store);
    doubt_trust(warnings, directive.store);
    return warnings;
}

}  // namespace session_cache
