/*
 * http, stream and mail describe servers and listen sockets alike, but with
 * their own structures. The templates here read these, with a type T for each
 * of the three that names:
 *
 *     Main, Server, SslConf        the structures of main and server level
 *     ConfPort, ConfAddr, Listen   those of listen sockets in a configuration
 *     Port, InAddr, In6Addr        and when it is in use
 *     ours, ssl                    the modules that have the structures
 *     needed                       the directive that lets a server have TLS
 *     resolver_of                  nginx's resolver in the main level's context
 *     find_named                   a FindNamed, where SNI chooses servers
 */

#pragma once

#include "module/conf.hpp"
#include "module/ngx.hpp"
#include "module/resolver.hpp"

#include <algorithm>
#include <new>
#include <string>

namespace session_cache {

/* Our structure for a server, among those of all modules. */
template <typename T>
ServerConf& conf_in(void* const* srv_conf) {
    return *static_cast<ServerConf*>(srv_conf[T::ours.ctx_index]);
}

/* For Protocol::servers. */
template <typename T>
Servers servers_of(const typename T::Main* main) {
    Servers servers;

    if (main != nullptr) {
        for (auto* server : elements<typename T::Server*>(main->servers)) {
            servers.push_back(&conf_in<T>(server->ctx->srv_conf));
        }
    }
    return servers;
}

/* The server of an address. If it has several, the one with which nginx
 * begins. */
template <typename Addr>
void** server_confs(const Addr& addr) {
    if constexpr (requires { addr.default_server; }) {
        return addr.default_server->ctx->srv_conf;
    } else {
        return addr.ctx->srv_conf;
    }
}

/* Whether SNI may choose another server before a session is looked for. */
template <typename Addr>
bool chooses_before_session([[maybe_unused]] const Addr& addr) {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    if constexpr (requires { addr.virtual_names; }) {
        return addr.virtual_names != nullptr;
    }
#endif
    return false;
}

/* Whether a predicate is true of any address of a listen socket. */
template <typename T, typename Predicate>
bool any_address(const ngx_listening_t& listening, Predicate predicate) {
    const auto& port = *static_cast<typename T::Port*>(listening.servers);
    const auto any = [&](const auto* addrs) {
        return std::any_of(addrs, addrs + port.naddrs, [&](const auto& addr) {
            return predicate(addr.conf);
        });
    };

    return listening.sockaddr->sa_family == AF_INET6
               ? any(static_cast<typename T::In6Addr*>(port.addrs))
               : any(static_cast<typename T::InAddr*>(port.addrs));
}

/*
 * Whether connections to a listen socket may look sessions up when they begin.
 * If SNI comes before the session, any of its servers may.
 */
template <typename T>
bool begins_with_tls(const ngx_listening_t& listening) {
    return any_address<T>(listening, [](const auto& addr) {
        const ServerConf& conf = conf_in<T>(server_confs(addr));
        return (addr.ssl != 0 || conf.tls.every_listener) &&
               (conf.store != nullptr || chooses_before_session(addr));
    });
}

template <typename Listen>
bool is_quic([[maybe_unused]] const Listen& listen) {
    if constexpr (requires { listen.quic; }) {
        return listen.quic != 0;
    }
    return false;
}

template <typename Listen>
Address address_of(const Listen& listen) {
    return {.text = listen.addr_text,
            .socket_address = listen.sockaddr,
            .length = listen.socklen,
            .is_wildcard = listen.wildcard != 0,
            .is_quic = is_quic(listen)};
}

template <typename T>
Listener listener_of(const typename T::ConfAddr& addr) {
    Listener listener{address_of(addr.opt),
                      &conf_in<T>(addr.default_server->ctx->srv_conf),
                      {}};

    for (auto* server : elements<typename T::Server*>(addr.servers)) {
        listener.servers.push_back(&conf_in<T>(server->ctx->srv_conf));
    }
    return listener;
}

/* The addresses with TLS of a main configuration whose servers are read. */
template <typename T, typename Main>
std::vector<Listener> listeners_of(const Main& main) {
    std::vector<Listener> listeners;
    const auto add = [&](Listener&& listener, bool speaks_tls) {
        const TlsSettings& tls = listener.default_server->tls;
        if (speaks_tls || tls.every_listener || tls.starttls) {
            listeners.push_back(std::move(listener));
        }
    };

    if constexpr (requires { main.ports; }) {
        if (main.ports == nullptr) {
            return listeners;
        }
        for (auto& port : elements<typename T::ConfPort>(*main.ports)) {
            for (auto& addr : elements<typename T::ConfAddr>(port.addrs)) {
                add(listener_of<T>(addr), addr.opt.ssl || is_quic(addr.opt));
            }
        }
    } else { /* each has one server */
        for (auto& listen : elements<typename T::Listen>(main.listen)) {
            ServerConf* conf = &conf_in<T>(listen.ctx->srv_conf);
            add({address_of(listen), conf, {conf}}, listen.ssl);
        }
    }
    return listeners;
}

/* Notes in our structures what we need of nginx's. */
template <typename T>
void read_servers(const typename T::Main& main) {
    for (auto* server : elements<typename T::Server*>(main.servers)) {
        void** confs = server->ctx->srv_conf;
        ServerConf& conf = conf_in<T>(confs);

        conf.file = server->file_name;
        conf.line = server->line;
        conf.tls = settings_of(
            *static_cast<typename T::SslConf*>(confs[T::ssl.ctx_index]));
        conf.speaks_tls = conf.tls.every_listener || conf.tls.starttls;
        if constexpr (requires { T::find_named; }) {
            conf.find_named = T::find_named;
        }
    }
}

template <typename T>
Configuration read_configuration(const typename T::Main& main) {
    read_servers<T>(main);
    Configuration configuration{servers_of<T>(&main), listeners_of<T>(main),
                                T::needed};

    for (const Listener& listener : configuration.listeners) {
        for (ServerConf* conf : listener.servers) {
            conf->speaks_tls = true;
        }
    }
    return configuration;
}

/* The name of a ClientHello, as nginx reads it. */
inline std::string host_name(std::string_view name) {
    std::string host(name.substr(0, name.find(':')));

    if (host.ends_with('.')) {
        host.pop_back();
    }
    ngx_strlow(str(host).data, str(host).data, host.size());
    return host;
}

/*
 * The server of an address that SNI chooses, as in ngx_http_ssl_servername(),
 * or null if none has the name. `VirtualNames` is http's or stream's structure.
 * May throw std::bad_alloc.
 */
template <typename T, typename VirtualNames>
const ServerConf* find_in(VirtualNames* names, std::string_view name) {
    if (names == nullptr) {
        return nullptr;
    }

    std::string host = host_name(name);
    ngx_str_t text = str(host);
    auto* found = static_cast<typename T::Server*>(ngx_hash_find_combined(
        &names->names, ngx_hash_key(text.data, text.len), text.data, text.len));
    if (found != nullptr) {
        return &conf_in<T>(found->ctx->srv_conf);
    }

#if (NGX_PCRE)
    for (auto& regex : std::span(names->regex, names->nregex)) {
        if (ngx_regex_exec(regex.regex->regex, &text, nullptr, 0) >= 0) {
            return &conf_in<T>(regex.server->ctx->srv_conf);
        }
    }
#endif
    return nullptr;
}

/* Call this when nginx has read all servers. */
template <typename T>
ngx_int_t finish(ngx_conf_t* cf, void* main) noexcept {
    try {
        Configuration configuration =
            read_configuration<T>(*static_cast<typename T::Main*>(main));
        configuration.resolver = configured(T::resolver_of(cf->ctx));
        return finish_configuration(cf, configuration);
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, NGX_ENOMEM,
                      "\"remote_ssl_session_cache\" cannot be set up");
        return NGX_ERROR;
    }
}

}  // namespace session_cache
