/*
 * What an nginx configuration says of TLS listeners and stores.
 */

#pragma once

#include "debug/wire/roles.hpp"
#include "directive/directive.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace debug {

struct NginxConf {
    std::set<std::uint16_t> tls_ports{};
    std::vector<session_cache::StoreParameters> stores{};
    std::vector<std::string> keys{}; /* files */
    bool debug_log = false;          /* there is an error_log ... debug */
};

/*
 * Of the output of nginx -T. What it says twice is there once. Relative
 * files are beside the configuration, in `directory`.
 */
NginxConf read_nginx_conf(std::string_view text, const std::string& directory);

/* Of a file, by nginx itself. Throws std::runtime_error. */
NginxConf ask_nginx(const std::string& file);

/* Adds what is on the wire to `roles`; returns what is not, and why. */
std::vector<std::string> add_to(Roles& roles, const NginxConf& conf);

}  // namespace debug
