#include "module/variables.hpp"
#include "module/record.hpp"

namespace session_cache {

namespace {

/* Also of an HTTP/2 stream, which has its connection's `ssl`. */
const Record* request_record(const ngx_http_request_t* r) {
    return r->connection->ssl != nullptr
               ? record_of(r->connection->ssl->connection)
               : nullptr;
}

void set_value(ngx_http_variable_value_t* value, std::string_view text) {
    value->data = str(text).data;
    value->len = text.size();
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
}

ngx_int_t get_status(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                     uintptr_t /* data */) noexcept {
    const Record* record = request_record(r);

    if (record == nullptr) {
        value->not_found = 1;
    } else {
        set_value(value, text(record->outcome));
    }
    return NGX_OK;
}

/* Seconds, with microseconds. */
ngx_int_t get_time(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                   uintptr_t /* data */) noexcept {
    const Record* record = request_record(r);

    if (record == nullptr) {
        value->not_found = 1;
        return NGX_OK;
    }
    if (record->waited.count() == 0) {
        set_value(value, "-");
        return NGX_OK;
    }

    constexpr std::size_t most = NGX_INT64_LEN + sizeof(".000000");
    auto* text = static_cast<u_char*>(ngx_pnalloc(r->pool, most));
    if (text == nullptr) {
        return NGX_ERROR;
    }

    auto waited = record->waited.count();
    const u_char* end = ngx_snprintf(text, most, "%L.%06L",
                                     static_cast<int64_t>(waited / 1000000),
                                     static_cast<int64_t>(waited % 1000000));
    set_value(value, {reinterpret_cast<char*>(text),
                      static_cast<std::size_t>(end - text)});
    return NGX_OK;
}

ngx_int_t add(ngx_conf_t* cf, std::string_view name,
              ngx_http_get_variable_pt handler) {
    ngx_str_t text = str(name);
    ngx_http_variable_t* variable = ngx_http_add_variable(cf, &text, 0);

    if (variable == nullptr) {
        return NGX_ERROR;
    }
    variable->get_handler = handler;
    return NGX_OK;
}

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
    if (add(cf, "remote_ssl_session_cache_status", get_status) != NGX_OK) {
        return NGX_ERROR;
    }
    return add(cf, "remote_ssl_session_cache_time", get_time);
}

}  // namespace session_cache
