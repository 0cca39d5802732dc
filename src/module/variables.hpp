/*
 * The variables. In http and stream, $remote_ssl_session_cache_status is what
 * the caches had for a connection's handshake, and
 * $remote_ssl_session_cache_time is how long it waited for the store.
 * $remote_ssl_session_cache_early_data is what became of early data, which only
 * http has.
 */

#pragma once

#include "module/ngx.hpp"

namespace session_cache {

/* Their values, with memory from the pool. */
ngx_int_t get_status(const ngx_connection_t* c, ngx_variable_value_t* value);
ngx_int_t get_time(const ngx_connection_t* c, ngx_pool_t* pool,
                   ngx_variable_value_t* value);

ngx_int_t get_early_data(const ngx_connection_t* c,
                         ngx_variable_value_t* value);

/*
 * Adds the first two before the configuration is read. `add` is nginx's
 * function of http or stream, and the handlers get its argument: a request or a
 * session.
 */
template <typename Add, typename Handler>
ngx_int_t add_variables(ngx_conf_t* cf, Add add, Handler on_status,
                        Handler on_time) {
    ngx_str_t status = ngx_string("remote_ssl_session_cache_status");
    ngx_str_t time = ngx_string("remote_ssl_session_cache_time");
    auto* status_variable = add(cf, &status, 0);
    auto* time_variable = add(cf, &time, 0);

    if (status_variable == nullptr || time_variable == nullptr) {
        return NGX_ERROR;
    }
    status_variable->get_handler = on_status;
    time_variable->get_handler = on_time;
    return NGX_OK;
}

}  // namespace session_cache
