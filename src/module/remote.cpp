#include "module/remote.hpp"
#include "backends/memcached/ring.hpp"
#include "backends/places.hpp"
#include "backends/tls.hpp"
#include "sessions/sealing_check.hpp"
#include "sessions/secret.hpp"

#include <list>
#include <span>
#include <string>

namespace session_cache {

namespace {

char* error(ngx_conf_t* cf, std::string_view message) {
    ngx_str_t text = str(message);
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &text);
    return static_cast<char*>(NGX_CONF_ERROR);
}

/* The server as nginx writes it. With its port, it is the same on every
 * node. */
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
 * Finds the addresses of a server. For a name, these are all that the system's
 * resolver knows now. If it knows none, that may be an error, but this depends
 * on nginx's resolver, which is read later.
 */
char* resolve(ngx_conf_t* cf, const ServerParameters& parameters,
              Remote& remote) {
    backends::Server server{.name = url_of(parameters),
                            .port = parameters.port,
                            .weight = parameters.weight,
                            .tls_name =
                                tls_name(remote.directive.store, parameters)};
    ngx_url_t u{};
    u.url = str(server.name);
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return error(cf, std::string(u.err != nullptr ? u.err : "failed") +
                             " in parameter \"addr=" +
                             (parameters.path.empty() ? parameters.host
                                                      : parameters.path) +
                             "\" of \"remote_ssl_session_cache\"");
    }

    if (u.naddrs == 0 && ngx_inet_resolve_host(cf->pool, &u) != NGX_OK) {
        if (u.err == nullptr) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }
        remote.unresolved.push_back({parameters.host, u.err});
    }

    for (const ngx_addr_t& addr : std::span(u.addrs, u.naddrs)) {
        backends::Address address{};
        ngx_memcpy(&address.storage, addr.sockaddr, addr.socklen);
        address.length = addr.socklen;
        address.text = view(addr.name);
        server.addresses.push_back(std::move(address));
    }
    backends::sort(server.addresses);

    if (parameters.path.empty() && !is_numeric(cf, parameters.host)) {
        server.host = parameters.host;
    }

    remote.servers.push_back(std::move(server));
    return NGX_CONF_OK;
}

/* Makes a path that is relative to nginx.conf's absolute, as nginx does. */
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

void warn_of_open(ngx_conf_t* cf, const std::string& name) {
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "\"%s\" holds secrets, and others can read it: "
                       "chmod 600 %s",
                       name.c_str(), name.c_str());
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
    if (is_open(tls.cert_key)) {
        warn_of_open(cf, tls.cert_key);
    }

    remote.tls = std::move(made.context);
    return NGX_CONF_OK;
}

/* Reads the file that a parameter names. nginx looks for certificates in the
 * same place. */
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
        warn_of_open(cf, full);
    }
    return NGX_CONF_OK;
}

/* If the parameter is `name`, replaces the file's name with the file's
 * contents, without the end of the line. */
char* read_password(ngx_conf_t* cf, std::string_view name,
                    std::string_view& argument,
                    std::list<SecretBytes>& passwords) {
    constexpr std::size_t most = 4096;
    const std::string auth = std::string(name) + '=';
    const std::string from_file = auth + "file:";
    SecretFile file;

    if (!argument.starts_with(from_file)) {
        return NGX_CONF_OK;
    }
    if (read_file(cf, name, std::string(argument.substr(from_file.size())),
                  most, file) != NGX_CONF_OK) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }

    std::string_view line = file.content.view();
    line = line.substr(0, line.find_last_not_of("\r\n") + 1);
    if (line.empty() || line.find('\n') != line.npos) {
        return error(cf, "a file of parameter \"" + std::string(name) +
                             "\" has to be of one line, which is the "
                             "password; \"" +
                             std::string(argument.substr(from_file.size())) +
                             (line.empty() ? "\" is empty" : "\" has several"));
    }

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
                             "\" must be of 32, 48 or 80 bytes, as \"openssl "
                             "rand 80\" makes them");
    }

    if (!SealingKey::is_varied(file.content.view())) {
        return error(cf, "key file \"" + name +
                             "\" is not random: \"openssl rand 80\" makes one "
                             "that is");
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

char* read_keys(ngx_conf_t* cf, Remote& remote) {
    const std::vector<std::string>& names = remote.directive.keys;

    std::string wrong = names.empty() ? std::string() : check_sealing();
    if (!wrong.empty()) {
        return error(cf, "parameter \"key\" of \"remote_ssl_session_cache\" "
                         "cannot be used: " +
                             wrong);
    }

    for (const std::string& name : names) {
        if (read_key(cf, name, remote.keys) != NGX_CONF_OK) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }
    }
    return NGX_CONF_OK;
}

/* Prepares a store that is in use for connecting. */
char* prepare(ngx_conf_t* cf, Remote& remote) {
    const StoreParameters& store = remote.directive.store;

    if (store.type == Type::memcached && store.servers.size() > 1) {
        std::string missing = backends::memcached::Ring::load();
        if (!missing.empty()) {
            return error(cf, "several parameters \"addr\" with type "
                             "\"memcached\" cannot be used in "
                             "\"remote_ssl_session_cache\": " +
                                 missing);
        }
    }

    if (read_keys(cf, remote) != NGX_CONF_OK) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }

    for (const ServerParameters& server : store.servers) {
        if (resolve(cf, server, remote) != NGX_CONF_OK) {
            return static_cast<char*>(NGX_CONF_ERROR);
        }
    }
    return prepare_tls(cf, remote);
}

}  // namespace

char* read_remote(ngx_conf_t* cf, Remote& remote) {
    std::vector<std::string_view> arguments;
    std::list<SecretBytes> passwords;

    for (const ngx_str_t& word : elements<ngx_str_t>(*cf->args).subspan(1)) {
        arguments.push_back(view(word));
        for (std::string_view name : {"auth", "sentinel_auth"}) {
            if (read_password(cf, name, arguments.back(), passwords) !=
                NGX_CONF_OK) {
                return static_cast<char*>(NGX_CONF_ERROR);
            }
        }
    }

    Parsed parsed = parse(arguments);
    if (!parsed.error.empty()) {
        return error(cf, parsed.error + " in \"remote_ssl_session_cache\"" +
                             (parsed.hint.empty() ? std::string()
                                                  : " (" + parsed.hint + ")"));
    }
    for (const std::string& warning : parsed.warnings) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "%s \"remote_ssl_session_cache\"", warning.c_str());
    }

    remote.directive = std::move(parsed.directive);
    remote.has_addr = parsed.has_addr;
    remote.file = view(cf->conf_file->file.name);
    remote.line = cf->conf_file->line;
    return remote.directive.on ? prepare(cf, remote) : NGX_CONF_OK;
}

}  // namespace session_cache
