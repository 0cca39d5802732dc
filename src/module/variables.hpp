/*
 * $remote_ssl_session_cache_status and $remote_ssl_session_cache_time, in http
 * and stream: what the caches had for the handshake of a connection, and how
 * long it waited for the store. And $remote_ssl_session_cache_early_data, in
 * http, which alone has early data: what became of that.
 */

#pragma once

#include "module/ngx.hpp"

namespace session_cache {

/* Their values; what they need comes from the pool. */
ngx_int_t get_status(const ngx_connection_t* c, ngx_variable_value_t* value);
ngx_int_t get_time(const ngx_connection_t* c, ngx_pool_t* pool,
                   ngx_variable_value_t* value);

ngx_int_t get_early_data(const ngx_connection_t* c,
                         ngx_variable_value_t* value);

/*
 * Adds the first two, before the configuration is read, by nginx's function for
 * http or stream. The handlers are called with what `add` knows: a request or a
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
