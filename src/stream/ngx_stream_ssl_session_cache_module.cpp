/*
 * stream's module: its tables, and its part in a worker.
 */

#include "module/handshake.hpp"
#include "module/protocol.hpp"
#include "module/servers.hpp"
#include "stream/ngx.hpp"
#include "stream/variables.hpp"

namespace session_cache::stream {

namespace {

/* See servers.hpp. */
struct Stream {
    using Main = ngx_stream_core_main_conf_t;
    using Server = ngx_stream_core_srv_conf_t;
    using SslConf = stream::SslConf;
    using ConfPort = ngx_stream_conf_port_t;
    using ConfAddr = ngx_stream_conf_addr_t;
    using Listen = stream::Listen;
    using Port = ngx_stream_port_t;
    using InAddr = ngx_stream_in_addr_t;
    using In6Addr = ngx_stream_in6_addr_t;

    static constexpr auto& ours = ngx_stream_ssl_session_cache_module;
    static constexpr auto& ssl = ngx_stream_ssl_module;
    static constexpr auto* needed = "\"listen ... ssl\"";

#if (NGX_HAVE_STREAM_SNI)
    static const ServerConf* find_named(ngx_connection_t* c,
                                        std::string_view name) {
        auto* s = static_cast<ngx_stream_session_t*>(c->data);
        return find_in<Stream>(s->virtual_names, name);
    }
#endif

    static ngx_resolver_t* resolver_of(const void* context) {
        auto* stream = static_cast<const ngx_stream_conf_ctx_t*>(context);
        return static_cast<Server*>(
                   stream->srv_conf[ngx_stream_core_module.ctx_index])
            ->resolver;
    }
};

Servers servers(ngx_cycle_t* cycle) {
    return servers_of<Stream>(static_cast<Stream::Main*>(
        ngx_stream_cycle_get_module_main_conf(cycle, ngx_stream_core_module)));
}

ngx_resolver_t* resolver(ngx_cycle_t* cycle) {
    return Stream::resolver_of(
        ngx_get_conf(cycle->conf_ctx, ngx_stream_module));
}

/*
 * True also while it waits for a PROXY protocol header, or is in a phase before
 * TLS. "ssl_preread" comes after TLS, if there is any.
 */
bool awaits_tls(ngx_connection_t* c) {
    return static_cast<ngx_stream_session_t*>(c->data)->ssl;
}

void guard(ngx_listening_t* listening) {
    if (listening->handler == ngx_stream_init_connection &&
        listening->type == SOCK_STREAM && begins_with_tls<Stream>(*listening)) {
        guard_listening(listening, awaits_tls);
    }
}

constexpr Protocol protocol{servers, resolver, guard};

ngx_int_t finish_stream(ngx_conf_t* cf) {
    return finish<Stream>(
        cf, ngx_stream_conf_get_module_main_conf(cf, ngx_stream_core_module));
}

ngx_command_t commands[] = {
    {ngx_string("remote_ssl_session_cache"),
     NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF | NGX_CONF_1MORE,
     read_directive, NGX_STREAM_SRV_CONF_OFFSET, 0, nullptr},
    ngx_null_command};

ngx_stream_module_t module_context = {
    add_variables,      /* preconfiguration */
    finish_stream,      /* postconfiguration */
    nullptr,            /* create main configuration */
    nullptr,            /* init main configuration */
    create_server_conf, /* create server configuration */
    merge_server_conf   /* merge server configuration */
};

}  // namespace

}  // namespace session_cache::stream

constinit ngx_module_t ngx_stream_ssl_session_cache_module =
    session_cache::make_module<session_cache::stream::protocol>(
        NGX_STREAM_MODULE, &session_cache::stream::module_context,
        session_cache::stream::commands);
