/*
 * What servers are going to do with stateless tickets.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Decides that for a server which is going to be attached, and reads its files
 * of "ssl_session_ticket_key" where nginx's own callback is replaced. Returns
 * NGX_ERROR, logged, when a file cannot be read, or there would be too many
 * keys. May throw std::bad_alloc.
 */
ngx_int_t plan_tickets(ngx_conf_t* cf, ServerConf& conf);

/*
 * Where a handshake begins under the SSL_CTX of an address's default server and
 * may be another one's by SNI, the tickets are those of the default server's
 * callbacks. To be called when all were planned.
 */
void drop_unreachable_tickets(const Configuration& configuration);

/* Whether "ssl_session_tickets off" keeps them from being made. */
bool prohibits_tickets(const ServerConf& conf) noexcept;

}  // namespace session_cache
