/*
 * early_data=once: asks the store whether a client's first flight has been
 * there before, on whichever node of the fleet.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * Lets the server that a connection is for decide on its early data, where one
 * of these servers accepts it once. To be called when it is known who uses the
 * store. Returns NGX_ERROR, logged, when OpenSSL refuses.
 */
ngx_int_t watch_early_data(ngx_conf_t* cf, const Servers& servers);

/* Whether a server's directive has "early_data=once". */
inline bool wants_once(const ServerConf& conf) noexcept {
    return conf.on() && conf.remote->directive.early_data == EarlyData::once;
}

}  // namespace session_cache
