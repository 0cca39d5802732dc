#include "http/variables.hpp"
#include "module/variables.hpp"

namespace session_cache::http {

namespace {

ngx_int_t on_status(ngx_http_request_t* r, ngx_variable_value_t* value,
                    uintptr_t /* data */) noexcept {
    return get_status(r->connection, value);
}

ngx_int_t on_time(ngx_http_request_t* r, ngx_variable_value_t* value,
                  uintptr_t /* data */) noexcept {
    return get_time(r->connection, r->pool, value);
}

ngx_int_t on_early_data(ngx_http_request_t* r, ngx_variable_value_t* value,
                        uintptr_t /* data */) noexcept {
    return get_early_data(r->connection, value);
}

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
    ngx_str_t name = ngx_string("remote_ssl_session_cache_early_data");
    auto* early_data = ngx_http_add_variable(cf, &name, 0);

    if (early_data == nullptr) {
        return NGX_ERROR;
    }
    early_data->get_handler = on_early_data;
    return session_cache::add_variables(cf, ngx_http_add_variable, on_status,
                                        on_time);
}

}  // namespace session_cache::http
