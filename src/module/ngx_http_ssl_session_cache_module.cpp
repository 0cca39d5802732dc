/*
 * The module's tables, and a worker's start and end.
 */

#include "module/conf.hpp"
#include "module/handshake.hpp"
#include "module/ngx.hpp"
#include "module/quic.hpp"
#include "module/status.hpp"
#include "module/value.hpp"
#include "module/variables.hpp"
#include "module/worker.hpp"

#include <new>
#include <set>
#include <span>

namespace session_cache {

namespace {

ngx_http_core_main_conf_t* http_conf(ngx_cycle_t* cycle) {
    return static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module));
}

/*
 * Whether connections to an address of a listen socket may ask the store.
 * Where SNI is looked at before the session, any of its servers may.
 */
bool needs_guard(const ngx_http_addr_conf_t& addr) {
    bool ssl = addr.ssl != 0;

#if (NGX_HAVE_SSL_DIRECTIVE)
    auto* default_ssl = static_cast<ngx_http_ssl_srv_conf_t*>(
        addr.default_server->ctx->srv_conf[ngx_http_ssl_module.ctx_index]);
    ssl = ssl || default_ssl->enable;
#endif

#if (NGX_HAVE_SNI_BEFORE_SESSION)
    return ssl && (conf_of(addr.default_server).store != nullptr ||
                   addr.virtual_names != nullptr);
#else
    return ssl && conf_of(addr.default_server).store != nullptr;
#endif
}

template <typename InAddr>
bool any_needs_guard(const ngx_http_port_t& port) {
    for (const InAddr& addr :
         std::span(static_cast<InAddr*>(port.addrs), port.naddrs)) {
        if (needs_guard(addr.conf)) {
            return true;
        }
    }
    return false;
}

bool needs_guard(const ngx_listening_t& listening) {
    if (listening.handler != ngx_http_init_connection ||
        listening.type != SOCK_STREAM) {
        return false;
    }

    const auto& port = *static_cast<ngx_http_port_t*>(listening.servers);
    return listening.sockaddr->sa_family == AF_INET6
               ? any_needs_guard<ngx_http_in6_addr_t>(port)
               : any_needs_guard<ngx_http_in_addr_t>(port);
}

/*
 * nginx sets c->buffer when it begins to read plain text; until then c->data
 * is the connection's, not a request's.
 */
bool awaits_tls(ngx_connection_t* c) {
    return c->buffer == nullptr &&
           static_cast<ngx_http_connection_t*>(c->data)->ssl;
}

/* That of http{}; nginx makes one without servers where none is set. */
ngx_resolver_t* resolver_of(ngx_cycle_t* cycle) {
    auto* http = reinterpret_cast<ngx_http_conf_ctx_t*>(
        ngx_get_conf(cycle->conf_ctx, ngx_http_module));
    auto* conf = static_cast<ngx_http_core_loc_conf_t*>(
        http->loc_conf[ngx_http_core_module.ctx_index]);

    return conf->resolver != nullptr && conf->resolver->connections.nelts != 0
               ? conf->resolver
               : nullptr;
}

void start(ngx_cycle_t* cycle, const ngx_http_core_main_conf_t& main) {
    auto* conf = static_cast<MainConf*>(ngx_http_cycle_get_module_main_conf(
        cycle, ngx_http_ssl_session_cache_module));

    worker = new Worker(resolver_of(cycle), conf->figures);

    for (const auto* server : servers_of(main)) {
        ServerConf& conf = conf_of(server);
        if (conf.attached) {
            const Remote& remote = *conf.remote;
            conf.store = worker->store(remote.directive.store, remote.servers,
                                       remote.tls);
        }
    }

    for (ngx_listening_t& listening :
         std::span(static_cast<ngx_listening_t*>(cycle->listening.elts),
                   cycle->listening.nelts)) {
        if (needs_guard(listening)) {
            guard_listening(&listening, awaits_tls);
        }
    }

    guard_quic();
}

/* Once for each key, however many servers use it. */
void tell_keys(ngx_cycle_t* cycle, const ngx_http_core_main_conf_t& main) {
    std::set<SealingKey::Id> told;

    for (const auto* server : servers_of(main)) {
        if (!conf_of(server).attached) {
            continue;
        }

        const Remote& remote = *conf_of(server).remote;
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

/* In the master process, for each configuration that is put to use. */
ngx_int_t init_module(ngx_cycle_t* cycle) noexcept {
    auto* main = http_conf(cycle);

    if (ngx_test_config || main == nullptr) {
        return NGX_OK;
    }

    try {
        tell_keys(cycle, *main);
        return NGX_OK;
    } catch (const std::bad_alloc&) {
        return NGX_ERROR;
    }
}

/* Not in nginx's helper processes, which serve nobody. */
ngx_int_t init_process(ngx_cycle_t* cycle) noexcept {
    if (ngx_process != NGX_PROCESS_WORKER &&
        ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    auto* main = http_conf(cycle);
    if (main == nullptr || !uses_store(*main)) {
        return NGX_OK;
    }

    try {
        start(cycle, *main);
        return NGX_OK;
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, NGX_ENOMEM,
                      "remote_ssl_session_cache: worker cannot start");
        return NGX_ERROR;
    }
}

void exit_process(ngx_cycle_t* /* cycle */) noexcept {
    if (worker != nullptr) {
        worker->close();
    }
}

ngx_command_t commands[] = {
    {ngx_string("remote_ssl_session_cache"),
     NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_CONF_1MORE, read_directive,
     NGX_HTTP_SRV_CONF_OFFSET, 0, nullptr},
    {ngx_string("remote_ssl_session_cache_status"),
     NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, read_status_directive, 0, 0, nullptr},
    ngx_null_command};

ngx_http_module_t module_context = {
    add_variables,        /* preconfiguration */
    finish_configuration, /* postconfiguration */
    create_main_conf,     /* create main configuration */
    nullptr,              /* init main configuration */
    create_server_conf,   /* create server configuration */
    merge_server_conf,    /* merge server configuration */
    nullptr,              /* create location configuration */
    nullptr               /* merge location configuration */
};

}  // namespace

}  // namespace session_cache

ngx_module_t ngx_http_ssl_session_cache_module = {
    NGX_MODULE_V1,
    &session_cache::module_context, /* module context */
    session_cache::commands,        /* module directives */
    NGX_HTTP_MODULE,                /* module type */
    nullptr,                        /* init master */
    session_cache::init_module,     /* init module */
    session_cache::init_process,    /* init process */
    nullptr,                        /* init thread */
    nullptr,                        /* exit thread */
    session_cache::exit_process,    /* exit process */
    nullptr,                        /* exit master */
    NGX_MODULE_V1_PADDING};
