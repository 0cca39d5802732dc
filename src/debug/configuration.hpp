/*
 * The TLS listeners and the stores in an nginx configuration.
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
 * Parses the output of nginx -T. Duplicates are listed once. Relative file
 * names are relative to `directory`, the configuration's.
 */
NginxConf read_nginx_conf(std::string_view text, const std::string& directory);

/* Runs nginx -T for a file. Throws std::runtime_error. */
NginxConf ask_nginx(const std::string& file);

/* Adds to `roles` what can be captured. Returns what cannot, and why. */
std::vector<std::string> add_to(Roles& roles, const NginxConf& conf);

}  // namespace debug
