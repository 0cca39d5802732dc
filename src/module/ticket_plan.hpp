/*
 * Plans what servers do with stateless tickets.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Decides this for a server that will be attached, and reads its files of
 * "ssl_session_ticket_key" if nginx's own callback is replaced. Returns
 * NGX_ERROR, logged, if a file cannot be read, or if there would be too many
 * keys. May throw std::bad_alloc.
 */
ngx_int_t plan_tickets(ngx_conf_t* cf, ServerConf& conf);

/*
 * From nginx 1.29.2 on, a handshake keeps to the ticket callbacks of the
 * address's default server, whichever server SNI chooses. If these are not
 * ours, the other servers keep sessions in the store. Call this when all are
 * planned.
 */
void drop_unreachable_tickets(const Configuration& configuration);

/* Whether "ssl_session_tickets off" prevents them. */
bool prohibits_tickets(const ServerConf& conf) noexcept;

}  // namespace session_cache
