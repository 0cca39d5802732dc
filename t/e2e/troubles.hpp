#pragma once

#include <functional>
#include <string>

namespace troubles {

// Whether the log already has what is looked for.
using Finds = std::function<bool(const std::string& log)>;

// Each brings about a row of the table, with real servers, and returns what
// nginx -t or the log says.

// What nginx -t says.
std::string of_other_nginx(const Finds& finds);
std::string of_lacking_openssl(const Finds& finds);
std::string of_wrong_openssl(const Finds& finds);
std::string of_zeros(const Finds& finds);
std::string of_ticket_key(const Finds& finds);
std::string of_tickets_off(const Finds& finds);
std::string of_rotate(const Finds& finds);
std::string of_no_libmemcached(const Finds& finds);

// What is logged with Redis or memcached.
std::string of_other_keys(const Finds& finds);
std::string of_late_key(const Finds& finds);
std::string of_auth(const Finds& finds);
std::string of_memcached_auth(const Finds& finds);
std::string of_no_sasl(const Finds& finds);
std::string of_frozen(const Finds& finds);
std::string of_full_clients(const Finds& finds);
std::string of_no_connections(const Finds& finds);
std::string of_other_servers(const Finds& finds);
std::string of_full(const Finds& finds);
std::string of_replica(const Finds& finds);

// With TLS.
std::string of_tls(const Finds& finds);
std::string of_no_tls(const Finds& finds);
std::string of_untrusted(const Finds& finds);
std::string of_no_certificate(const Finds& finds);

// With early data.
std::string of_clocks(const Finds& finds);
std::string of_survey(const Finds& finds);
std::string of_full_claims(const Finds& finds);

// With Sentinels and clusters.
std::string of_no_such_master(const Finds& finds);
std::string of_no_master(const Finds& finds);
std::string of_no_cluster(const Finds& finds);
std::string of_cluster_down(const Finds& finds);
std::string of_announced_names(const Finds& finds);

}  // namespace troubles
