/*
 * The directive in nginx's configuration, common to http, stream and mail:
 * reading, inheritance, and what is known only when all servers have been read.
 */

#pragma once

#include "backends/store.hpp"
#include "module/address.hpp"
#include "module/ngx.hpp"
#include "module/remote.hpp"
#include "module/server_tickets.hpp"
#include "sessions/context.hpp"
#include "sessions/local_cache.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace session_cache {

/* The part of a server's ssl_... directives that matters here. */
struct TlsSettings {
    SSL_CTX* ctx = nullptr; /* null if it has no certificate */
    ssize_t builtin_cache = NGX_SSL_NONE_SCACHE;
    bool has_certificate = false; /* "ssl_reject_handshake" needs none */
    bool shared_ticket_keys = false;
    const ngx_array_t* ticket_keys = nullptr; /* file names, or null */
    bool every_listener = false;              /* the deprecated "ssl on" */
    bool starttls = false;
    bool has_early_data = false; /* whether it may, as in http, */
    bool early_data = false;     /* and has "ssl_early_data on" */
    long verify = 0;
    long ocsp = 0;
};

/* Reads them from the structure of http, stream or mail. Not each of them has
 * all fields, in every version. */
template <typename SslConf>
TlsSettings settings_of(const SslConf& conf) {
    TlsSettings settings{.ctx = conf.ssl.ctx,
                         .builtin_cache = conf.builtin_session_cache,
                         .has_certificate = conf.certificates != nullptr,
                         .verify = static_cast<long>(conf.verify)};

    if (conf.ssl.ctx != nullptr) { /* otherwise not merged */
        settings.ticket_keys = conf.session_ticket_keys;
        settings.shared_ticket_keys =
            conf.session_ticket_keys != nullptr && conf.session_tickets != 0;
    }
    if constexpr (requires { conf.ocsp; }) {
        settings.ocsp = static_cast<long>(conf.ocsp);
    }
    if constexpr (requires { conf.early_data; }) {
        settings.has_early_data = true;
        settings.early_data = conf.early_data == 1;
    }
    if constexpr (requires { conf.enable; }) {
        settings.every_listener = conf.enable == 1;
    }
    if constexpr (requires { conf.starttls; }) {
        settings.starttls = conf.starttls != 0;
    }
    return settings;
}

struct ServerConf;

/* The server that SNI chooses for a connection by a name, or null. */
using FindNamed = const ServerConf* (*)(ngx_connection_t* c,
                                        std::string_view name);

struct ServerConf {
    std::shared_ptr<const Remote> remote; /* null if there is no directive */
    bool own = false;                     /* written in this block itself, */
    std::shared_ptr<const Remote> around; /* instead of this one; or null */

    /* set by http, stream or mail when all servers are read */
    const u_char* file = nullptr; /* where its block begins */
    ngx_uint_t line = 0;
    TlsSettings tls;
    bool speaks_tls = false; /* on any of its listen sockets */
    FindNamed find_named = nullptr;

    bool decides = false;  /* on sessions, where the store may be asked */
    bool attached = false; /* to the server's SSL_CTX, and so in use */
    bool keys_act = false; /* "ssl_session_ticket_key", where it decides */
    bool stateful_tickets = false; /* there, and only these; or: */
    ServerTickets tickets{};
    AddressContexts contexts; /* of handshakes that begin with it */
    LocalCache local;
    backends::Store* store = nullptr; /* only in a worker, which owns it */

    bool on() const noexcept {
        return remote != nullptr && remote->directive.on;
    }
};

using Servers = std::vector<ServerConf*>;

/* Whether any of them uses it. Call this after finish_configuration(). */
bool use_store(const Servers& servers) noexcept;

/* An address on which connections with TLS are accepted. */
struct Listener {
    Address address;
    ServerConf* default_server;
    Servers servers;
};

/*
 * Whether handshakes at an address may wait for the store. QUIC handshakes can
 * be suspended only with the patch for nginx.
 */
inline bool asks_store([[maybe_unused]] const Address& address) {
#if (NGX_HAVE_QUIC_SUSPEND)
    return true;
#else
    return !address.is_quic;
#endif
}

/* Whether "ssl_session_cache off" is set. */
inline bool prohibits_sessions(const ServerConf& conf) noexcept {
    return conf.tls.builtin_cache == NGX_SSL_NO_SCACHE;
}

/*
 * Whether the default server of an address decides on sessions for this server
 * of the address. Up to nginx 1.29.1 it does so for all others. From 1.29.2 on
 * it does so for those that have no SSL_CTX of their own, and for all others if
 * its own SSL_CTX prohibits sessions: then OpenSSL calls nobody for new ones.
 */
inline bool is_ruled(const ServerConf& conf, const Listener& listener) {
    const ServerConf& ruling = *listener.default_server;
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    return &conf != &ruling &&
           (conf.tls.ctx == nullptr || prohibits_sessions(ruling));
#else
    return &conf != &ruling;
#endif
}

/* All of http{}, stream{} or mail{}. */
struct Configuration {
    Servers servers;
    std::vector<Listener> listeners;
    const char* needed; /* the directive that gives a server TLS */
    const ngx_resolver_t* resolver = nullptr; /* null if none is configured */
};

/* Functions for nginx's tables; see ngx_http_module_t and ngx_command_t. */
void* create_server_conf(ngx_conf_t* cf) noexcept;
char* merge_server_conf(ngx_conf_t* cf, void* parent, void* child) noexcept;
char* read_directive(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

/*
 * Call this after all servers are read. Attaches those that use the store to
 * their SSL_CTX, and warns about what will not act. May throw std::bad_alloc.
 */
ngx_int_t finish_configuration(ngx_conf_t* cf,
                               const Configuration& configuration);

}  // namespace session_cache
