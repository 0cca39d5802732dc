/*
 * early_data=once: asks the store whether any node of the fleet has seen a
 * client's first flight before.
 */

#pragma once

#include "module/conf.hpp"

namespace session_cache {

/*
 * If one of these servers accepts early data once, lets the server of each
 * connection decide on it. Call this when it is known who uses the store.
 * Returns NGX_ERROR, logged, if OpenSSL refuses.
 */
ngx_int_t watch_early_data(ngx_conf_t* cf, const Servers& servers);

/* Whether a server's directive has "early_data=once". */
inline bool wants_once(const ServerConf& conf) noexcept {
    return conf.on() && conf.remote->directive.early_data == EarlyData::once;
}

}  // namespace session_cache
