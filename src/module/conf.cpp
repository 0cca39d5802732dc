#include "module/conf.hpp"
#include "backends/libmemcached.hpp"
#include "backends/tls.hpp"
#include "module/secret.hpp"
#include "module/session.hpp"

#include <array>
#include <list>
#include <new>
#include <span>
#include <string>

namespace session_cache {

namespace {

ngx_http_ssl_srv_conf_t& ssl_conf_of(const ngx_http_core_srv_conf_t* server) {
    return *static_cast<ngx_http_ssl_srv_conf_t*>(
        server->ctx->srv_conf[ngx_http_ssl_module.ctx_index]);
}

template <typename T>
std::span<T> elements(const ngx_array_t& array) {
    return {static_cast<T*>(array.elts), array.nelts};
}

char* error(ngx_conf_t* cf, std::string_view message) {
    ngx_str_t text = str(message);
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &text);
    return static_cast<char*>(NGX_CONF_ERROR);
}

/* As nginx writes it; with its port it is the same on every node. */
std::string url_of(const ServerParameters& server) {
    if (!server.path.empty()) {
        return "unix:" + server.path;
    }

    bool v6 = server.host.find(':') != std::string::npos;
    return (v6 ? "[" + server.host + "]" : server.host) + ":" +
           std::to_string(server.port);
}

bool is_numeric(ngx_conf_t* cf, const std::string& host) {
    ngx_str_t text = str(host);
    ngx_addr_t addr;
    return ngx_parse_addr(cf->pool, &addr, text.data, text.len) == NGX_OK;
}

/*
 * The addresses of a server: a name's are all of those that the system's
 * resolver knows at this time.
 */
char* resolve(ngx_conf_t* cf, const ServerParameters& parameters,
              Remote& remote) {
    backends::Server server{.name = url_of(parameters),
                            .port = parameters.port,
                            .weight = parameters.weight};
    ngx_url_t u{};
    u.url = str(server.name);

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return error(cf, std::string(u.err != nullptr ? u.err : "failed") +
                             " in parameter \"addr=" +
                             (parameters.path.empty() ? parameters.host
                                                      : parameters.path) +
                             "\" of \"remote_ssl_session_cache\"");
    }

    for (const ngx_addr_t& addr : std::span(u.addrs, u.naddrs)) {
        backends::Address address{};
        ngx_memcpy(&address.storage, addr.sockaddr, addr.socklen);
        address.length = addr.socklen;
        address.text = view(addr.name);
        server.addresses.push_back(std::move(address));
    }

    if (parameters.path.empty() && !is_numeric(cf, parameters.host)) {
        server.host = parameters.host;
    }

    remote.servers.push_back(std::move(server));
    return NGX_CONF_OK;
}

/* Makes a path that is relative to nginx.conf's a full one, as nginx does. */
bool complete(ngx_conf_t* cf, std::string& file) {
    ngx_str_t name = str(file);

    if (file.empty()) {
        return true;
    }

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return false;
    }
    file = view(name);
    return true;
}

char* prepare_tls(ngx_conf_t* cf, Remote& remote) {
    backends::tls::Parameters& tls = remote.directive.store.tls;

    if (!tls.on) {
        return NGX_CONF_OK;
    }

    if (!complete(cf, tls.ca) || !complete(cf, tls.cert) ||
        !complete(cf, tls.cert_key)) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }

    backends::tls::Made made = backends::tls::make_context(tls);
    if (made.context == nullptr) {
        return error(cf, made.error);
    }

    remote.tls = std::move(made.context);
    return NGX_CONF_OK;
}

/* Of a parameter that names it; as nginx looks for those of certificates. */
char* read_file(ngx_conf_t* cf, std::string_view parameter,
                const std::string& name, std::size_t most, SecretFile& file) {
    std::string full = name;

    if (!complete(cf, full)) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }

    file = read_secret(full, most);
    if (!file.error.empty()) {
        return error(cf, "cannot read \"" + full + "\" of parameter \"" +
                             std::string(parameter) + "\": " + file.error);
    }

    if (file.is_open) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"%s\" holds secrets, and others can read it",
                           full.c_str());
    }
    return NGX_CONF_OK;
}

/* Puts what a file holds, but for the end of its line, in its name's place. */
char* read_password(ngx_conf_t* cf, std::string_view& argument,
                    std::list<SecretBytes>& passwords) {
    constexpr std::string_view auth = "auth=";
    constexpr std::string_view from_file = "auth=file:";
    constexpr std::size_t most = 4096;
    SecretFile file;

    if (!argument.starts_with(from_file)) {
        return NGX_CONF_OK;
    }
    if (read_file(cf, "auth", std::string(argument.substr(from_file.size())),
                  most, file) != NGX_CONF_OK) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }

    std::string_view line = file.content.view();
    line = line.substr(0, line.find_last_not_of("\r\n") + 1);

    std::string& expanded = passwords.emplace_back().bytes();
    expanded.reserve(auth.size() + line.size());
    argument = expanded.append(auth).append(line);
    return NGX_CONF_OK;
}

char* read_key(ngx_conf_t* cf, const std::string& name, SealingKeys& keys) {
    SecretFile file;

    if (read_file(cf, "key", name, SealingKey::max_size, file) != NGX_CONF_OK) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }
    if (!SealingKey::is_size(file.content.view().size())) {
        return error(cf, "key file \"" + name +
                             "\" must be of 32, 48 or 80 "
                             "bytes");
    }

    SealingKey key(file.content.view());
    for (const SealingKey& other : keys) {
        if (other.id() == key.id()) {
            return error(cf, "duplicate key in \"" + name + "\"");
        }
    }

    keys.push_back(std::move(key));
    return NGX_CONF_OK;
}

/* Makes a store that is in use ready to be connected to. */
char* prepare(ngx_conf_t* cf, Remote& remote) {
    if (remote.directive.store.type == Type::memcached) {
        std::string missing = backends::libmemcached::load();
        if (!missing.empty()) {
            return error(cf, "type \"memcached\" cannot be used in "
                             "\"remote_ssl_session_cache\": " +
                                 missing);
        }
    }

    for (const std::string& key : remote.directive.keys) {
        if (read_key(cf, key, remote.keys) != NGX_CONF_OK) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }
    }

    for (const ServerParameters& server : remote.directive.store.servers) {
        if (resolve(cf, server, remote) != NGX_CONF_OK) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }
    }
    return prepare_tls(cf, remote);
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

bool has_ssl_listener(const ngx_http_core_main_conf_t& main,
                      const ngx_http_core_srv_conf_t* server) {
#if (NGX_HAVE_SSL_DIRECTIVE)
    if (ssl_conf_of(server).enable) {
        return true;
    }
#endif

    for (const auto& port : elements<ngx_http_conf_port_t>(*main.ports)) {
        for (const auto& addr : elements<ngx_http_conf_addr_t>(port.addrs)) {
            if (!addr.opt.ssl) {
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

/* Once, however many servers there are. */
void warn_of_unsealed(ngx_conf_t* cf, const ngx_http_core_main_conf_t& main) {
    for (const auto* s : elements<ngx_http_core_srv_conf_t*>(main.servers)) {
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
    for (const auto* s : elements<ngx_http_core_srv_conf_t*>(main.servers)) {
        if (conf_of(s).own && conf_of(s).on() && !has_ssl_listener(main, s)) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"remote_ssl_session_cache\" in a server without "
                          "\"listen ... ssl\" in %s:%ui",
                          s->file_name, s->line);
        }
    }

#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    for (const auto& port : elements<ngx_http_conf_port_t>(*main.ports)) {
        for (const auto& addr : elements<ngx_http_conf_addr_t>(port.addrs)) {
            if (addr.opt.ssl) {
                warn_of_others(cf, addr);
            }
        }
    }
#endif
}

}  // namespace

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
        std::vector<std::string_view> arguments;
        std::list<SecretBytes> passwords;
        for (const ngx_str_t& word :
             elements<ngx_str_t>(*cf->args).subspan(1)) {
            arguments.push_back(view(word));
            if (read_password(cf, arguments.back(), passwords) != NGX_CONF_OK) {
                return static_cast<char*>(NGX_CONF_ERROR);
            }
        }

        Parsed parsed = parse(arguments);
        if (!parsed.error.empty()) {
            return error(cf, parsed.error + " in \"remote_ssl_session_cache\"");
        }

        Remote remote{std::move(parsed.directive), {}, {}};
        if (remote.directive.on && prepare(cf, remote) != NGX_CONF_OK) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }

        conf.own = true;
        conf.remote = std::make_shared<const Remote>(std::move(remote));
        return NGX_CONF_OK;
    } catch (const std::bad_alloc&) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }
}

ngx_int_t finish_configuration(ngx_conf_t* cf) noexcept {
    auto& main = *static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));

    try {
        for (const auto* s :
             elements<ngx_http_core_srv_conf_t*>(main.servers)) {
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

    if (main.ports != nullptr) {
        warn_of_listeners(cf, main);
    }
    return NGX_OK;
}

}  // namespace session_cache
