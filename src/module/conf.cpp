#include "module/conf.hpp"
#include "module/figures.hpp"
#include "module/record.hpp"
#include "module/session.hpp"

#include <array>
#include <new>
#include <span>

namespace session_cache {

namespace {

ngx_http_ssl_srv_conf_t& ssl_conf_of(const ngx_http_core_srv_conf_t* server) {
    return *static_cast<ngx_http_ssl_srv_conf_t*>(
        server->ctx->srv_conf[ngx_http_ssl_module.ctx_index]);
}

/* Stateless tickets stay where the operator shares their keys. */
bool wants_stateful_tickets(ngx_conf_t* cf, const ngx_http_core_srv_conf_t* s) {
    if (conf_of(s).remote->directive.tickets == Tickets::keep) {
        return false;
    }

    const ngx_http_ssl_srv_conf_t& ssl = ssl_conf_of(s);
    if (ssl.session_ticket_keys == nullptr || ssl.session_tickets == 0) {
        return true;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"ssl_session_ticket_key\" keeps stateless tickets on, "
                  "clients with a ticket do not use the "
                  "\"remote_ssl_session_cache\" of the server in %s:%ui",
                  s->file_name, s->line);
    return false;
}

ngx_int_t attach_server(ngx_conf_t* cf, const ngx_http_core_srv_conf_t* s) {
    const ngx_http_ssl_srv_conf_t& ssl = ssl_conf_of(s);
    SSL_CTX* ctx = ssl.ssl.ctx;

    if (ctx == nullptr || !conf_of(s).on()) {
        return NGX_OK;
    }

    ssize_t builtin = ssl.builtin_session_cache;
    if (builtin == NGX_SSL_NO_SCACHE) {
        if (conf_of(s).own) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" does not act in the "
                          "server in %s:%ui, where \"ssl_session_cache off\" "
                          "prohibits sessions",
                          s->file_name, s->line);
        }
        return NGX_OK;
    }

    if (builtin > 0 || builtin == NGX_SSL_DFLT_BUILTIN_SCACHE) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"remote_ssl_session_cache\" takes the place of the "
                      "\"builtin\" session cache of the server in %s:%ui",
                      s->file_name, s->line);
    }

    if (ssl.verify != 0) {
        narrow_context(ctx, std::array{static_cast<long>(ssl.verify),
                                       static_cast<long>(ssl.ocsp)});
    }
    return attach(cf, conf_of(s), ctx, wants_stateful_tickets(cf, s));
}

/* Over TCP or with QUIC. */
bool speaks_tls(const ngx_http_conf_addr_t& addr) {
#if (NGX_HAVE_QUIC_LISTEN)
    return addr.opt.ssl || addr.opt.quic;
#else
    return addr.opt.ssl;
#endif
}

bool has_ssl_listener(const ngx_http_core_main_conf_t& main,
                      const ngx_http_core_srv_conf_t* server) {
#if (NGX_HAVE_SSL_DIRECTIVE)
    if (ssl_conf_of(server).enable) {
        return true;
    }
#endif

    for (const auto& port : elements<ngx_http_conf_port_t>(*main.ports)) {
        for (const auto& addr : elements<ngx_http_conf_addr_t>(port.addrs)) {
            if (!speaks_tls(addr)) {
                continue;
            }
            for (const auto* s :
                 elements<ngx_http_core_srv_conf_t*>(addr.servers)) {
                if (s == server) {
                    return true;
                }
            }
        }
    }
    return false;
}

#if !(NGX_HAVE_SNI_BEFORE_SESSION)

bool same_directive(const ServerConf& a, const ServerConf& b) {
    if (!a.attached || !b.attached) {
        return a.attached == b.attached;
    }
    return a.remote->directive == b.remote->directive;
}

/* On a listen socket the default server decides for all. */
void warn_of_others(ngx_conf_t* cf, const ngx_http_conf_addr_t& addr) {
    const ServerConf& ruling = conf_of(addr.default_server);

    for (const auto* s : elements<ngx_http_core_srv_conf_t*>(addr.servers)) {
        if (same_directive(conf_of(s), ruling)) {
            continue;
        }
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"remote_ssl_session_cache\" of the server in %s:%ui "
                      "does not act on %V, where that of the default server "
                      "in %s:%ui does",
                      s->file_name, s->line, &addr.opt.addr_text,
                      addr.default_server->file_name,
                      addr.default_server->line);
    }
}

#endif

#if (NGX_HAVE_QUIC_LISTEN && !NGX_HAVE_QUIC_SUSPEND)

/* Once, however many there are. */
void warn_of_quic(ngx_conf_t* cf, const ngx_http_core_main_conf_t& main) {
    for (const auto& port : elements<ngx_http_conf_port_t>(*main.ports)) {
        for (const auto& addr : elements<ngx_http_conf_addr_t>(port.addrs)) {
            if (addr.opt.quic && conf_of(addr.default_server).attached) {
                ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                              "\"remote_ssl_session_cache\" does not look "
                              "sessions up for QUIC on %V, as nginx was built "
                              "without the patch for that",
                              &addr.opt.addr_text);
                return;
            }
        }
    }
}

#endif

/* Once, however many servers there are. */
void warn_of_unsealed(ngx_conf_t* cf, const ngx_http_core_main_conf_t& main) {
    for (const auto* s : servers_of(main)) {
        if (conf_of(s).attached && conf_of(s).remote->keys.empty()) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" without \"key\" does "
                          "not seal sessions: who reads the store can decrypt "
                          "connections to the server in %s:%ui",
                          s->file_name, s->line);
            return;
        }
    }
}

void warn_of_listeners(ngx_conf_t* cf, const ngx_http_core_main_conf_t& main) {
    for (const auto* s : servers_of(main)) {
        if (conf_of(s).own && conf_of(s).on() && !has_ssl_listener(main, s)) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" in a server without "
                          "\"listen ... ssl\" in %s:%ui",
                          s->file_name, s->line);
        }
    }

#if (NGX_HAVE_QUIC_LISTEN && !NGX_HAVE_QUIC_SUSPEND)
    warn_of_quic(cf, main);
#endif

#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    for (const auto& port : elements<ngx_http_conf_port_t>(*main.ports)) {
        for (const auto& addr : elements<ngx_http_conf_addr_t>(port.addrs)) {
            if (speaks_tls(addr)) {
                warn_of_others(cf, addr);
            }
        }
    }
#endif
}

/* Where SNI is looked at before the session, a handshake begins under the
 * SSL_CTX of a server that it may not stay with. */
ngx_int_t prepare_figures(ngx_conf_t* cf,
                          const ngx_http_core_main_conf_t& main) {
    auto& conf = *static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(
        cf, ngx_http_ssl_session_cache_module));

#if (NGX_HAVE_SNI_BEFORE_SESSION)
    for (const auto* s : servers_of(main)) {
        if (ssl_conf_of(s).ssl.ctx != nullptr) {
            record_handshakes(ssl_conf_of(s).ssl.ctx);
        }
    }
#else
    for (const auto* s : servers_of(main)) {
        if (conf_of(s).attached) {
            record_handshakes(ssl_conf_of(s).ssl.ctx);
        }
    }
#endif

    conf.figures = add_figures(cf);
    return conf.figures != nullptr ? NGX_OK : NGX_ERROR;
}

}  // namespace

bool uses_store(const ngx_http_core_main_conf_t& main) {
    for (const auto* server : servers_of(main)) {
        if (conf_of(server).attached) {
            return true;
        }
    }
    return false;
}

void* create_main_conf(ngx_conf_t* cf) noexcept {
    void* memory = ngx_palloc(cf->pool, sizeof(MainConf));
    return memory != nullptr ? new (memory) MainConf() : nullptr;
}

void* create_server_conf(ngx_conf_t* cf) noexcept {
    auto* cleanup = ngx_pool_cleanup_add(cf->pool, sizeof(ServerConf));
    if (cleanup == nullptr) {
        return nullptr;
    }

    cleanup->handler = [](void* conf) {
        static_cast<ServerConf*>(conf)->~ServerConf();
    };
    return new (cleanup->data) ServerConf();
}

char* merge_server_conf(ngx_conf_t* /* cf */, void* parent,
                        void* child) noexcept {
    auto& conf = *static_cast<ServerConf*>(child);

    if (!conf.own) {
        conf.remote = static_cast<ServerConf*>(parent)->remote;
    }
    return NGX_CONF_OK;
}

char* read_directive(ngx_conf_t* cf, ngx_command_t* /* cmd */,
                     void* data) noexcept {
    auto& conf = *static_cast<ServerConf*>(data);

    if (conf.own) {
        return const_cast<char*>("is duplicate");
    }

    try {
        auto remote = std::make_shared<Remote>();
        if (read_remote(cf, *remote) != NGX_CONF_OK) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }

        conf.own = true;
        conf.remote = std::move(remote);
        return NGX_CONF_OK;
    } catch (const std::bad_alloc&) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }
}

ngx_int_t finish_configuration(ngx_conf_t* cf) noexcept {
    auto& main = *static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));

    try {
        for (const auto* s : servers_of(main)) {
            if (attach_server(cf, s) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, NGX_ENOMEM,
                      "\"remote_ssl_session_cache\" cannot be set up");
        return NGX_ERROR;
    }
    warn_of_unsealed(cf, main);

    if (uses_store(main) && prepare_figures(cf, main) != NGX_OK) {
        return NGX_ERROR;
    }

    if (main.ports != nullptr) {
        warn_of_listeners(cf, main);
    }
    return NGX_OK;
}

}  // namespace session_cache
