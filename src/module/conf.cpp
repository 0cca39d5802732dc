#include "module/conf.hpp"
#include "module/figures.hpp"
#include "module/record.hpp"
#include "module/session.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace session_cache {

namespace {

/* Stateless tickets stay where the operator shares their keys. */
bool wants_stateful_tickets(ngx_conf_t* cf, const ServerConf& conf) {
    if (conf.remote->directive.tickets == Tickets::keep) {
        return false;
    }
    if (!conf.tls.shared_ticket_keys) {
        return true;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"ssl_session_ticket_key\" keeps stateless tickets on, "
                  "clients with a ticket do not use the "
                  "\"remote_ssl_session_cache\" of the server in %s:%ui",
                  conf.file, conf.line);
    return false;
}

ngx_int_t attach_server(ngx_conf_t* cf, ServerConf& conf) {
    const TlsSettings& tls = conf.tls;

    if (tls.ctx == nullptr || !conf.on()) {
        return NGX_OK;
    }

    if (tls.builtin_cache == NGX_SSL_NO_SCACHE) {
        if (conf.own) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" does not act in the "
                          "server in %s:%ui, where \"ssl_session_cache off\" "
                          "prohibits sessions",
                          conf.file, conf.line);
        }
        return NGX_OK;
    }

    if (tls.builtin_cache > 0 ||
        tls.builtin_cache == NGX_SSL_DFLT_BUILTIN_SCACHE) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"remote_ssl_session_cache\" takes the place of the "
                      "\"builtin\" session cache of the server in %s:%ui",
                      conf.file, conf.line);
    }

    if (tls.verify != 0) {
        narrow_context(tls.ctx, std::array{tls.verify, tls.ocsp});
    }
    return attach(cf, conf, tls.ctx, wants_stateful_tickets(cf, conf));
}

#if !(NGX_HAVE_SNI_BEFORE_SESSION)

bool same_directive(const ServerConf& a, const ServerConf& b) {
    if (!a.attached || !b.attached) {
        return a.attached == b.attached;
    }
    return a.remote->directive == b.remote->directive;
}

/* On a listen socket the default server decides for all. */
void warn_of_others(ngx_conf_t* cf, const Listener& listener) {
    const ServerConf& ruling = *listener.default_server;

    for (const ServerConf* conf : listener.servers) {
        if (same_directive(*conf, ruling)) {
            continue;
        }
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"remote_ssl_session_cache\" of the server in %s:%ui "
                      "does not act on %V, where that of the default server "
                      "in %s:%ui does",
                      conf->file, conf->line, &listener.address, ruling.file,
                      ruling.line);
    }
}

#endif

#if !(NGX_HAVE_QUIC_SUSPEND)

/* Once, however many there are. */
void warn_of_quic(ngx_conf_t* cf, const Configuration& configuration) {
    for (const Listener& listener : configuration.listeners) {
        if (listener.is_quic && listener.default_server->attached) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" does not look "
                          "sessions up for QUIC on %V, as nginx was built "
                          "without the patch for that",
                          &listener.address);
            return;
        }
    }
}

#endif

/* Once, however many servers there are. */
void warn_of_unsealed(ngx_conf_t* cf, const Servers& servers) {
    for (const ServerConf* conf : servers) {
        if (conf->attached && conf->remote->keys.empty()) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" without \"key\" does "
                          "not seal sessions: who reads the store can decrypt "
                          "connections to the server in %s:%ui",
                          conf->file, conf->line);
            return;
        }
    }
}

void warn_of_listeners(ngx_conf_t* cf, const Configuration& configuration) {
    for (const ServerConf* conf : configuration.servers) {
        if (conf->own && conf->on() && !conf->speaks_tls) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" in a server without "
                          "%s in %s:%ui",
                          configuration.needed, conf->file, conf->line);
        }
    }

#if !(NGX_HAVE_QUIC_SUSPEND)
    warn_of_quic(cf, configuration);
#endif

#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    for (const Listener& listener : configuration.listeners) {
        warn_of_others(cf, listener);
    }
#endif
}

/* Where SNI is looked at before the session, a handshake begins under the
 * SSL_CTX of a server that it may not stay with. */
bool begins_handshakes(const ServerConf& conf) {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    return conf.tls.ctx != nullptr;
#else
    return conf.attached;
#endif
}

ngx_int_t prepare_handshakes(ngx_conf_t* cf, const Servers& servers) {
    for (ServerConf* conf : servers) {
        if (!begins_handshakes(*conf)) {
            continue;
        }
        if (!conf->attached && chain(cf, *conf, conf->tls.ctx) != NGX_OK) {
            return NGX_ERROR;
        }
        record_handshakes(conf->tls.ctx);
    }
    return add_figures(cf);
}

}  // namespace

bool use_store(const Servers& servers) noexcept {
    return std::any_of(servers.begin(), servers.end(),
                       [](const auto* conf) { return conf->attached; });
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

ngx_int_t finish_configuration(ngx_conf_t* cf,
                               const Configuration& configuration) {
    const Servers& servers = configuration.servers;

    for (ServerConf* conf : servers) {
        if (attach_server(cf, *conf) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    warn_of_unsealed(cf, servers);

    if (use_store(servers) && prepare_handshakes(cf, servers) != NGX_OK) {
        return NGX_ERROR;
    }

    warn_of_listeners(cf, configuration);
    return NGX_OK;
}

}  // namespace session_cache
