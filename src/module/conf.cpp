#include "module/conf.hpp"
#include "module/contexts.hpp"
#include "module/early_data.hpp"
#include "module/figures.hpp"
#include "module/record.hpp"
#include "module/session.hpp"
#include "module/ticket_plan.hpp"
#include "module/warnings.hpp"

#include <algorithm>
#include <new>
#include <set>

namespace session_cache {

namespace {

/* Shared tickets are opened without the store. */
bool has_use_of(const ServerConf& conf, const Address& address) {
    return asks_store(address) ||
           (conf.on() && conf.remote->directive.tickets == Tickets::shared);
}

/*
 * Finds the servers that decide on sessions at one or more of their addresses.
 * A server that would decide only where no handshake can ask the store keeps
 * what nginx gives it. Without stateless tickets and the builtin cache, nothing
 * would resume there.
 *
 * Stateless tickets stay if the operator shares their keys, but the default
 * server's keys are used.
 */
void find_deciding(const Configuration& configuration) {
    for (ServerConf* conf : configuration.servers) {
        conf->keys_act = conf->tls.shared_ticket_keys;
    }

    for (const Listener& listener : configuration.listeners) {
        for (ServerConf* conf : listener.servers) {
            if (is_ruled(*conf, listener) ||
                !has_use_of(*conf, listener.address)) {
                continue;
            }
            conf->decides = true;
            conf->keys_act = conf->keys_act &&
                             listener.default_server->tls.shared_ticket_keys;
        }
    }

#if (NGX_HAVE_SNI_BEFORE_SESSION)
    /* options belong to the SSL_CTX, and so to all of its addresses */
    for (const Listener& listener : configuration.listeners) {
        for (ServerConf* conf : listener.servers) {
            conf->decides = conf->decides && !is_ruled(*conf, listener);
        }
    }
#endif
}

bool is_to_be_attached(const ServerConf& conf) {
    return conf.tls.ctx != nullptr && conf.decides && conf.on() &&
           !prohibits_sessions(conf);
}

ngx_int_t attach_deciding(ngx_conf_t* cf, const Configuration& configuration) {
    for (ServerConf* conf : configuration.servers) {
        conf->attached = is_to_be_attached(*conf);
        if (conf->attached && plan_tickets(cf, *conf) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    drop_unreachable_tickets(configuration);
    for (ServerConf* conf : configuration.servers) {
        if (conf->attached && attach(cf, *conf, conf->tls.ctx) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    return NGX_OK;
}

/* If SNI comes before the session, a handshake may begin under the SSL_CTX of
 * one server and go on with another. */
bool begins_handshakes(const ServerConf& conf) {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    return conf.tls.ctx != nullptr;
#else
    return conf.attached;
#endif
}

ngx_int_t prepare_handshakes(ngx_conf_t* cf, const Servers& servers) {
    for (ServerConf* conf : servers) {
        if (conf->tls.ctx != nullptr) {
            keep_info_callback(conf->tls.ctx);
        }
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

void tell_unresolved(ngx_conf_t* cf, ngx_uint_t level, const Remote& remote,
                     const char* what) {
    for (const Unresolved& server : remote.unresolved) {
        ngx_log_error(level, cf->log, 0,
                      "%s in parameter \"addr=%s\" of "
                      "\"remote_ssl_session_cache\"%s in %s:%ui",
                      server.why.c_str(), server.name.c_str(), what,
                      remote.file.c_str(), remote.line);
    }
}

/* A name without an address may get one later, if there is a resolver. */
ngx_int_t check_names(ngx_conf_t* cf, const Configuration& configuration) {
    std::set<const Remote*> told;

    for (const ServerConf* conf : configuration.servers) {
        if (!conf->on() || !told.insert(conf->remote.get()).second ||
            conf->remote->unresolved.empty()) {
            continue;
        }
        if (configuration.resolver == nullptr && conf->remote->has_others()) {
            tell_unresolved(cf, NGX_LOG_WARN, *conf->remote,
                            ", to be done without");
            continue;
        }
        if (configuration.resolver == nullptr) {
            tell_unresolved(cf, NGX_LOG_EMERG, *conf->remote, "");
            return NGX_ERROR;
        }
        tell_unresolved(cf, NGX_LOG_WARN, *conf->remote,
                        ", to be looked up by the resolver");
    }
    return NGX_OK;
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

    const auto& around = static_cast<ServerConf*>(parent)->remote;
    (conf.own ? conf.around : conf.remote) = around;
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
        ngx_conf_log_error(NGX_LOG_EMERG, cf, NGX_ENOMEM,
                           "\"remote_ssl_session_cache\" cannot be set up");
        return static_cast<char*>(NGX_CONF_ERROR);
    }
}

ngx_int_t finish_configuration(ngx_conf_t* cf,
                               const Configuration& configuration) {
    const Servers& servers = configuration.servers;

    find_deciding(configuration);
    if (check_names(cf, configuration) != NGX_OK ||
        attach_deciding(cf, configuration) != NGX_OK ||
        watch_early_data(cf, servers) != NGX_OK) {
        return NGX_ERROR;
    }

    if (use_store(servers)) {
        set_contexts(configuration);
        if (prepare_handshakes(cf, servers) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    warn(cf, configuration);
    return NGX_OK;
}

}  // namespace session_cache
