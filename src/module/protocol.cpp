#include "module/protocol.hpp"
#include "module/quic.hpp"
#include "module/resolver.hpp"
#include "module/version.hpp"
#include "module/worker.hpp"
#include "sessions/value.hpp"

#include <new>
#include <set>
#include <span>
#include <utility>

namespace session_cache {

namespace {

/* Once for each configuration, whichever of http, stream and mail uses it. */
void tell_version(ngx_cycle_t* cycle) {
    static const ngx_cycle_t* told;

    if (std::exchange(told, cycle) != cycle) {
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                      "remote_ssl_session_cache: %s", module_version);
    }
}

/* Once for each key, however many servers use it. */
void tell_keys(ngx_cycle_t* cycle, const Servers& servers) {
    std::set<SealingKey::Id> told;

    for (const ServerConf* conf : servers) {
        if (!conf->attached) {
            continue;
        }

        const Remote& remote = *conf->remote;
        for (std::size_t n = 0; n < remote.keys.size(); ++n) {
            const SealingKey::Id& id = remote.keys[n].id();
            if (told.insert(id).second) {
                ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                              "remote_ssl_session_cache: key %s loaded from "
                              "\"%s\"",
                              name_of("", id).c_str(),
                              remote.directive.keys[n].c_str());
            }
        }
    }
}

void start(ngx_cycle_t* cycle, const Protocol& protocol) {
    const Servers servers = protocol.servers(cycle);

    if (!use_store(servers)) {
        return;
    }

    if (worker == nullptr) {
        worker = new Worker(find_figures(cycle));
        guard_quic();
    }

    ngx_resolver_t* resolver = configured(protocol.resolver(cycle));
    for (ServerConf* conf : servers) {
        if (conf->attached) {
            conf->store = worker->store(*conf->remote, resolver);
        }
        if (conf->attached && conf->tickets.act) {
            conf->tickets.keyring = worker->keyring(
                *conf->remote, *conf->store, session_timeout(conf->tls.ctx));
        }
    }

    for (ngx_listening_t& listening :
         std::span(static_cast<ngx_listening_t*>(cycle->listening.elts),
                   cycle->listening.nelts)) {
        protocol.guard(&listening);
    }
}

}  // namespace

/* In the master process, for each configuration that comes into use. */
ngx_int_t init_module(ngx_cycle_t* cycle, const Protocol& protocol) noexcept {
    if (ngx_test_config) {
        return NGX_OK;
    }

    try {
        const Servers servers = protocol.servers(cycle);
        if (use_store(servers)) {
            tell_version(cycle);
            tell_keys(cycle, servers);
        }
        return NGX_OK;
    } catch (const std::bad_alloc&) {
        return NGX_ERROR;
    }
}

/* Not in nginx's helper processes, which serve nobody. */
ngx_int_t init_process(ngx_cycle_t* cycle, const Protocol& protocol) noexcept {
    if (ngx_process != NGX_PROCESS_WORKER &&
        ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    try {
        start(cycle, protocol);
        return NGX_OK;
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, NGX_ENOMEM,
                      "remote_ssl_session_cache: worker cannot start");
        return NGX_ERROR;
    }
}

/* The first call ends it for all: no more events are handled. */
void exit_process(ngx_cycle_t* /* cycle */) noexcept {
    if (worker != nullptr) {
        worker->close();
    }
}

}  // namespace session_cache
