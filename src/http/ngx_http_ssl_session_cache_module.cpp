/*
 * http's module: its tables, and its part in a worker.
 */

#include "http/ngx.hpp"
#include "http/status.hpp"
#include "http/variables.hpp"
#include "module/handshake.hpp"
#include "module/protocol.hpp"
#include "module/servers.hpp"

namespace session_cache::http {

namespace {

/* See servers.hpp. */
struct Http {
    using Main = ngx_http_core_main_conf_t;
    using Server = ngx_http_core_srv_conf_t;
    using SslConf = ngx_http_ssl_srv_conf_t;
    using ConfPort = ngx_http_conf_port_t;
    using ConfAddr = ngx_http_conf_addr_t;
    using Port = ngx_http_port_t;
    using InAddr = ngx_http_in_addr_t;
    using In6Addr = ngx_http_in6_addr_t;

    static constexpr auto& ours = ngx_http_ssl_session_cache_module;
    static constexpr auto& ssl = ngx_http_ssl_module;
    static constexpr auto* needed = "\"listen ... ssl\"";

    static const ServerConf* find_named(ngx_connection_t* c,
                                        std::string_view name) {
        auto* hc = static_cast<ngx_http_connection_t*>(c->data);
        return find_in<Http>(hc->addr_conf->virtual_names, name);
    }

    static ngx_resolver_t* resolver_of(const void* context) {
        auto* http = static_cast<const ngx_http_conf_ctx_t*>(context);
        return static_cast<ngx_http_core_loc_conf_t*>(
                   http->loc_conf[ngx_http_core_module.ctx_index])
            ->resolver;
    }
};

Servers servers(ngx_cycle_t* cycle) {
    return servers_of<Http>(static_cast<Http::Main*>(
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module)));
}

ngx_resolver_t* resolver(ngx_cycle_t* cycle) {
    return Http::resolver_of(ngx_get_conf(cycle->conf_ctx, ngx_http_module));
}

/*
 * nginx sets c->buffer when it begins to read plain text. Until then, c->data
 * belongs to the connection, not to a request.
 */
bool awaits_tls(ngx_connection_t* c) {
    return c->buffer == nullptr &&
           static_cast<ngx_http_connection_t*>(c->data)->ssl;
}

void guard(ngx_listening_t* listening) {
    if (listening->handler == ngx_http_init_connection &&
        listening->type == SOCK_STREAM && begins_with_tls<Http>(*listening)) {
        guard_listening(listening, awaits_tls);
    }
}

constexpr Protocol protocol{servers, resolver, guard};

ngx_int_t finish_http(ngx_conf_t* cf) {
    return finish<Http>(
        cf, ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
}

ngx_command_t commands[] = {
    {ngx_string("remote_ssl_session_cache"),
     NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_CONF_1MORE, read_directive,
     NGX_HTTP_SRV_CONF_OFFSET, 0, nullptr},
    {ngx_string("remote_ssl_session_cache_status"),
     NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, read_status_directive, 0, 0, nullptr},
    ngx_null_command};

ngx_http_module_t module_context = {
    add_variables,      /* preconfiguration */
    finish_http,        /* postconfiguration */
    nullptr,            /* create main configuration */
    nullptr,            /* init main configuration */
    create_server_conf, /* create server configuration */
    merge_server_conf,  /* merge server configuration */
    nullptr,            /* create location configuration */
    nullptr             /* merge location configuration */
};

}  // namespace

}  // namespace session_cache::http

constinit ngx_module_t ngx_http_ssl_session_cache_module =
    session_cache::make_module<session_cache::http::protocol>(
        NGX_HTTP_MODULE, &session_cache::http::module_context,
        session_cache::http::commands);
