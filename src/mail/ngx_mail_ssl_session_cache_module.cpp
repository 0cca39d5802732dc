/*
 * mail's module: its tables, and its part in a worker.
 */

#include "mail/ngx.hpp"
#include "mail/starttls.hpp"
#include "module/handshake.hpp"
#include "module/protocol.hpp"
#include "module/servers.hpp"

namespace session_cache::mail {

namespace {

/* See servers.hpp. */
struct Mail {
    using Main = ngx_mail_core_main_conf_t;
    using Server = ngx_mail_core_srv_conf_t;
    using SslConf = ngx_mail_ssl_conf_t;
    using Listen = ngx_mail_listen_t;
    using Port = ngx_mail_port_t;
    using InAddr = ngx_mail_in_addr_t;
    using In6Addr = ngx_mail_in6_addr_t;

    static constexpr auto& ours = ngx_mail_ssl_session_cache_module;
    static constexpr auto& ssl = ngx_mail_ssl_module;
    static constexpr auto* needed = "\"listen ... ssl\" or \"starttls\"";

    static ngx_resolver_t* resolver_of(const void* context) {
        auto* mail = static_cast<const ngx_mail_conf_ctx_t*>(context);
        return static_cast<Server*>(
                   mail->srv_conf[ngx_mail_core_module.ctx_index])
            ->resolver;
    }
};

/* Null if there is no mail{}. */
ngx_mail_conf_ctx_t* context_of(ngx_cycle_t* cycle) {
    return reinterpret_cast<ngx_mail_conf_ctx_t*>(
        ngx_get_conf(cycle->conf_ctx, ngx_mail_module));
}

Servers servers(ngx_cycle_t* cycle) {
    auto* mail = context_of(cycle);

    return mail != nullptr
               ? servers_of<Mail>(static_cast<Mail::Main*>(
                     mail->main_conf[ngx_mail_core_module.ctx_index]))
               : Servers();
}

ngx_resolver_t* resolver(ngx_cycle_t* cycle) {
    return Mail::resolver_of(context_of(cycle));
}

/*
 * True also while it waits for a PROXY protocol header. An nginx without that
 * in mail (before 1.19.8) begins TLS at once, or never.
 */
template <typename Session>
bool is_for_tls(const Session& s) {
    if constexpr (requires { s.ssl; }) {
        return s.ssl || conf_in<Mail>(s.srv_conf).tls.every_listener;
    }
    return false;
}

bool awaits_tls(ngx_connection_t* c) {
    return is_for_tls(*static_cast<ngx_mail_session_t*>(c->data));
}

bool offers_starttls(const ngx_mail_addr_conf_t& addr) {
    const ServerConf& conf = conf_in<Mail>(server_confs(addr));
    return conf.tls.starttls && conf.store != nullptr;
}

void guard(ngx_listening_t* listening) {
    if (listening->handler != ngx_mail_init_connection) {
        return;
    }

    if (any_address<Mail>(*listening, offers_starttls)) {
        watch_for_starttls(listening);
    }
    if (begins_with_tls<Mail>(*listening)) {
        guard_listening(listening, awaits_tls);
    }
}

constexpr Protocol protocol{servers, resolver, guard};

/*
 * mail has no hook for the time when everything is read. But when this is
 * called, the modules before ours have merged the servers' configurations. Ours
 * is merged here, instead of afterwards.
 */
char* finish_mail(ngx_conf_t* cf, void* /* conf */) {
    auto* mail = static_cast<ngx_mail_conf_ctx_t*>(cf->ctx);
    auto* main = static_cast<Mail::Main*>(
        mail->main_conf[ngx_mail_core_module.ctx_index]);

    for (auto* server : elements<Mail::Server*>(main->servers)) {
        merge_server_conf(cf, &conf_in<Mail>(mail->srv_conf),
                          &conf_in<Mail>(server->ctx->srv_conf));
    }
    return finish<Mail>(cf, main) == NGX_OK
               ? NGX_CONF_OK
               : static_cast<char*>(NGX_CONF_ERROR);
}

ngx_command_t commands[] = {
    {ngx_string("remote_ssl_session_cache"),
     NGX_MAIL_MAIN_CONF | NGX_MAIL_SRV_CONF | NGX_CONF_1MORE, read_directive,
     NGX_MAIL_SRV_CONF_OFFSET, 0, nullptr},
    ngx_null_command};

ngx_mail_module_t module_context = {
    nullptr,            /* protocol */
    nullptr,            /* create main configuration */
    finish_mail,        /* init main configuration */
    create_server_conf, /* create server configuration */
    nullptr             /* merge server configuration */
};

}  // namespace

}  // namespace session_cache::mail

constinit ngx_module_t ngx_mail_ssl_session_cache_module =
    session_cache::make_module<session_cache::mail::protocol>(
        NGX_MAIL_MODULE, &session_cache::mail::module_context,
        session_cache::mail::commands);
