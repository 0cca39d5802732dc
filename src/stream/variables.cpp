#include "stream/variables.hpp"
#include "module/variables.hpp"

namespace session_cache::stream {

namespace {

ngx_int_t on_status(ngx_stream_session_t* s, ngx_variable_value_t* value,
                    uintptr_t /* data */) noexcept {
    return get_status(s->connection, value);
}

ngx_int_t on_time(ngx_stream_session_t* s, ngx_variable_value_t* value,
                  uintptr_t /* data */) noexcept {
    return get_time(s->connection, s->connection->pool, value);
}

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
    return session_cache::add_variables(cf, ngx_stream_add_variable, on_status,
                                        on_time);
}

}  // namespace session_cache::stream
