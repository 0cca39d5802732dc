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

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
    return session_cache::add_variables(cf, ngx_http_add_variable, on_status,
                                        on_time);
}

}  // namespace session_cache::http
