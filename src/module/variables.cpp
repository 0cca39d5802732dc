#include "module/variables.hpp"
#include "module/record.hpp"

namespace session_cache {

namespace {

/* An HTTP/2 stream has its connection's `ssl`. */
const Record* find_record(const ngx_connection_t* c) {
    return c->ssl != nullptr ? record_of(c->ssl->connection) : nullptr;
}

void set_value(ngx_variable_value_t* value, std::string_view text) {
    value->data = str(text).data;
    value->len = text.size();
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
}

/* The text of one of the record's members. */
template <typename Member>
ngx_int_t get_text(const ngx_connection_t* c, ngx_variable_value_t* value,
                   Member member) {
    const Record* record = find_record(c);

    if (record == nullptr) {
        value->not_found = 1;
    } else {
        set_value(value, text(record->*member));
    }
    return NGX_OK;
}

}  // namespace

ngx_int_t get_status(const ngx_connection_t* c, ngx_variable_value_t* value) {
    return get_text(c, value, &Record::outcome);
}

ngx_int_t get_early_data(const ngx_connection_t* c,
                         ngx_variable_value_t* value) {
    return get_text(c, value, &Record::early_data);
}

/* Seconds, with microseconds. */
ngx_int_t get_time(const ngx_connection_t* c, ngx_pool_t* pool,
                   ngx_variable_value_t* value) {
    const Record* record = find_record(c);

    if (record == nullptr) {
        value->not_found = 1;
        return NGX_OK;
    }
    if (record->waited.count() == 0) {
        set_value(value, "-");
        return NGX_OK;
    }

    constexpr std::size_t most = NGX_INT64_LEN + sizeof(".000000");
    auto* text = static_cast<u_char*>(ngx_pnalloc(pool, most));
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

}  // namespace session_cache
