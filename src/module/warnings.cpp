#include "module/warnings.hpp"
#include "module/early_data.hpp"
#include "module/ticket_plan.hpp"
#include "sessions/secret.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace session_cache {

namespace {

std::string and_others(std::size_t all) {
    switch (all) {
    case 0:
    case 1:
        return "";
    case 2:
        return " and 1 other";
    default:
        return " and " + std::to_string(all - 1) + " others";
    }
}

std::string place_of(const ServerConf& conf) {
    return std::string(reinterpret_cast<const char*>(conf.file)) + ':' +
           std::to_string(conf.line);
}

/* `format` has a %s for the servers' names. */
void warn_of(ngx_conf_t* cf, const Servers& concerned, const char* format) {
    if (!concerned.empty()) {
        std::string places =
            place_of(*concerned.front()) + and_others(concerned.size());
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, format, places.c_str());
    }
}

template <typename Predicate>
Servers select(const Servers& servers, Predicate predicate) {
    Servers selected;
    std::copy_if(servers.begin(), servers.end(), std::back_inserter(selected),
                 [&](const ServerConf* conf) { return predicate(*conf); });
    return selected;
}

/* Each server once, even if it has several addresses, in the order of the
 * first. */
Servers distinct(const Servers& servers) {
    std::set<const ServerConf*> seen;
    return select(servers, [&](const ServerConf& conf) {
        return seen.insert(&conf).second;
    });
}

bool has_builtin_cache(const ServerConf& conf) {
    return conf.tls.builtin_cache > 0 ||
           conf.tls.builtin_cache == NGX_SSL_DFLT_BUILTIN_SCACHE;
}

bool lacks_shared_tickets(const ServerConf& conf) {
    return conf.attached && conf.remote->directive.tickets == Tickets::shared &&
           !conf.tickets.act;
}

/* A server's own directive takes nothing from the one around it. */
bool loses_addr(const ServerConf& conf) {
    return conf.own && conf.on() && !conf.remote->has_addr &&
           conf.around != nullptr && conf.around->directive.on &&
           conf.around->has_addr &&
           conf.around->directive.store.servers !=
               conf.remote->directive.store.servers;
}

void warn_of_lost_addr(ngx_conf_t* cf, const Servers& servers) {
    warn_of(cf, select(servers, loses_addr),
            "\"remote_ssl_session_cache\" of the server in %s replaces the "
            "inherited one entirely, and has no \"addr\": its store is at "
            "127.0.0.1");
}

/* Around the servers, the directive is for all of them, and some may well have
 * no sessions. */
void warn_of_prohibited(ngx_conf_t* cf, const Servers& servers) {
    std::set<const Remote*> used;
    for (const ServerConf* conf : servers) {
        if (conf->speaks_tls && !prohibits_sessions(*conf)) {
            used.insert(conf->remote.get());
        }
    }

    warn_of(cf,
            select(servers,
                   [&](const ServerConf& conf) {
                       return conf.speaks_tls && !conf.own && conf.on() &&
                              used.count(conf.remote.get()) == 0;
                   }),
            "\"remote_ssl_session_cache\" has no effect: "
            "\"ssl_session_cache off\" prohibits sessions in every server, "
            "such as the one in %s");
}

/* Warnings that concern each server by itself. */
void warn_of_servers(ngx_conf_t* cf, const Servers& servers) {
    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return conf.attached && conf.keys_act &&
                              conf.remote->directive.tickets == Tickets::off;
                   }),
            "\"ssl_session_ticket_key\" keeps stateless tickets on, clients "
            "with a ticket do not use the \"remote_ssl_session_cache\" of the "
            "server in %s");

    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return lacks_shared_tickets(conf) &&
                              prohibits_tickets(conf);
                   }),
            "\"ssl_session_tickets off\" keeps \"tickets=shared\" from acting "
            "in the server in %s, whose sessions are kept in the store");

    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return lacks_shared_tickets(conf) &&
                              !prohibits_tickets(conf);
                   }),
            "\"tickets=shared\" has no effect in the server in %s, because "
            "the default server of its address makes no shared tickets: "
            "sessions are kept in the store");

    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return conf.decides && conf.own && conf.on() &&
                              prohibits_sessions(conf);
                   }),
            "\"remote_ssl_session_cache\" has no effect in the server in %s, "
            "where \"ssl_session_cache off\" prohibits sessions");

    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return conf.attached && has_builtin_cache(conf);
                   }),
            "\"remote_ssl_session_cache\" replaces the \"builtin\" "
            "session cache of the server in %s");

    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return conf.attached && conf.remote->keys.empty();
                   }),
            "\"remote_ssl_session_cache\" without \"key\" does not seal "
            "sessions: whoever reads the store can decrypt connections to the "
            "server in %s");
}

/* A directive in http{} may be meant for only some of its servers. */
void warn_of_early_data(ngx_conf_t* cf, const Servers& servers) {
    auto may_act = [](const ServerConf& conf) {
        return wants_once(conf) && conf.speaks_tls;
    };
    bool acts =
        std::any_of(servers.begin(), servers.end(), [](const ServerConf* conf) {
            return conf->tls.early_data;
        });

    warn_of(cf,
            select(servers,
                   [&](const ServerConf& conf) {
                       return may_act(conf) && !conf.tls.has_early_data;
                   }),
            "\"early_data=once\" of \"remote_ssl_session_cache\" has no "
            "effect in the server in %s, because nginx accepts early data in "
            "http only");
    warn_of(cf,
            select(servers,
                   [&](const ServerConf& conf) {
                       return may_act(conf) && conf.tls.has_early_data &&
                              !conf.tls.early_data && (conf.own || !acts);
                   }),
            "\"early_data=once\" of \"remote_ssl_session_cache\" without "
            "\"ssl_early_data on\" in the server in %s");
}

/* Warns where all early data is refused. */
void warn_of_refused(ngx_conf_t* cf, const Configuration& configuration) {
    Servers in_quic;
    Servers without_sessions;

    for (const Listener& listener : configuration.listeners) {
        for (ServerConf* conf : listener.servers) {
            if (!wants_once(*conf) || !conf->tls.early_data) {
                continue;
            }
            if (listener.address.is_quic) {
                in_quic.push_back(conf);
            } else if (prohibits_sessions(*conf) && conf->decides) {
                without_sessions.push_back(conf);
            }
        }
    }
    warn_of(cf, distinct(in_quic),
            "\"early_data=once\" of \"remote_ssl_session_cache\" refuses all "
            "early data of QUIC, which cannot wait for the store, in the "
            "server in %s");
    warn_of(cf, distinct(without_sessions),
            "\"early_data=once\" of \"remote_ssl_session_cache\" refuses all "
            "early data in the server in %s, where \"ssl_session_cache off\" "
            "prohibits sessions");
}

void warn_of_hash_tags(ngx_conf_t* cf, const Servers& servers) {
    warn_of(cf,
            select(servers,
                   [](const ServerConf& conf) {
                       return conf.attached &&
                              conf.remote->directive.store.cluster &&
                              has_hash_tag(conf.remote->directive.prefix);
                   }),
            "a \"prefix\" with {...} of \"remote_ssl_session_cache\" puts "
            "all sessions of the server in %s into one slot of the cluster");
}

/* As sealing keys, so that another file with the same bytes is found, too. */
std::set<SealingKey::Id> ticket_keys(const Servers& servers) {
    std::set<std::string> names;
    for (const ServerConf* conf : servers) {
        if (conf->tls.ticket_keys != nullptr) {
            for (auto& name : elements<ngx_str_t>(*conf->tls.ticket_keys)) {
                names.emplace(view(name));
            }
        }
    }

    std::set<SealingKey::Id> ids;
    for (const std::string& name : names) {
        SecretFile file = read_secret(name, SealingKey::max_size);
        if (file.error.empty()) {
            ids.insert(SealingKey(file.content.view()).id());
        }
    }
    return ids;
}

/* If such a file leaks, both tickets and sessions can be read. */
void warn_of_ticket_keys(ngx_conf_t* cf, const Servers& servers) {
    Servers sealing = select(servers, [](const ServerConf& conf) {
        return conf.attached && !conf.remote->keys.empty();
    });
    if (sealing.empty()) {
        return;
    }

    auto ids = ticket_keys(servers);
    warn_of(cf,
            select(sealing,
                   [&](const ServerConf& conf) {
                       const SealingKeys& keys = conf.remote->keys;
                       return std::any_of(keys.begin(), keys.end(),
                                          [&](const auto& key) {
                                              return ids.count(key.id()) != 0;
                                          });
                   }),
            "a \"key\" of \"remote_ssl_session_cache\" in the server in %s is "
            "a \"ssl_session_ticket_key\", too: use a file of its own");
}

void warn_of_plain(ngx_conf_t* cf, const Configuration& configuration) {
    std::string format = std::string("\"remote_ssl_session_cache\" in a "
                                     "server without ") +
                         configuration.needed + " in %s";
    warn_of(cf,
            select(configuration.servers,
                   [](const ServerConf& conf) {
                       return conf.own && conf.on() && !conf.speaks_tls;
                   }),
            format.c_str());
}

/* Whether a server keeps what nginx gives it at an address, because it decides
 * nowhere where the store can be asked. */
bool is_left(const ServerConf& conf, const Listener& listener) {
    return !asks_store(listener.address) && conf.on() && !conf.decides;
}

/* Servers for which the default server of an address decides otherwise. */
struct Overruled {
    Servers servers;
    std::size_t addresses = 0;
    const Listener* first = nullptr;

    void add(const Listener& listener, const Servers& overruled) {
        if (overruled.empty()) {
            return;
        }
        if (first == nullptr) {
            first = &listener;
        }
        ++addresses;
        servers.insert(servers.end(), overruled.begin(), overruled.end());
    }

    void tell(ngx_conf_t* cf, const char* format) const {
        if (first == nullptr) {
            return;
        }
        std::string overruled =
            place_of(*servers.front()) + and_others(distinct(servers).size());
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, format, overruled.c_str(),
                      &first->address.text, and_others(addresses).c_str(),
                      place_of(*first->default_server).c_str());
    }
};

/* Whether it makes no difference to a server which one decides. */
bool alike(const ServerConf& conf, const ServerConf& ruling) {
    return ruling.attached
               ? conf.on() && conf.remote->directive == ruling.remote->directive
               : !conf.on() || prohibits_sessions(conf);
}

/* There, TLS 1.2 sessions have no ID, and tickets would not be read. */
bool is_cut_off(const ServerConf& conf, const ServerConf& ruling) {
    return ruling.attached && ruling.stateful_tickets &&
           prohibits_sessions(conf);
}

void warn_of_overruled(ngx_conf_t* cf, const Configuration& configuration) {
    Overruled by_store;
    Overruled by_none;
    Overruled cut_off;

    for (const Listener& listener : configuration.listeners) {
        const ServerConf& ruling = *listener.default_server;
        if (is_left(ruling, listener)) {
            continue; /* warn_of_left() says why */
        }
        (ruling.attached ? by_store : by_none)
            .add(listener, select(listener.servers, [&](const auto& conf) {
                     return is_ruled(conf, listener) && !alike(conf, ruling);
                 }));
        cut_off.add(listener, select(listener.servers, [&](const auto& conf) {
                        return is_ruled(conf, listener) &&
                               is_cut_off(conf, ruling);
                    }));
    }

    by_store.tell(cf, "the server in %s differs in "
                      "\"remote_ssl_session_cache\", which has no effect on "
                      "%V%s, where the default server in %s decides");
    by_none.tell(cf,
                 "\"remote_ssl_session_cache\" of the server in %s has no "
                 "effect on %V%s, where the default server in %s decides, and "
                 "does not use it");
    cut_off.tell(cf, "\"ssl_session_cache off\" of the server in %s prohibits "
                     "only TLS 1.2 sessions on %V%s, where the "
                     "\"remote_ssl_session_cache\" of the default server in %s "
                     "acts");
}

/* If a default server is left, so are the servers that it would rule. */
void warn_of_left(ngx_conf_t* cf, const Configuration& configuration) {
    Servers left;

    for (const Listener& listener : configuration.listeners) {
        for (ServerConf* conf : listener.servers) {
            const ServerConf& ruling =
                is_ruled(*conf, listener) ? *listener.default_server : *conf;
            if (is_left(*conf, listener) && is_left(ruling, listener)) {
                left.push_back(conf);
            }
        }
    }
    warn_of(cf, distinct(left),
            "\"remote_ssl_session_cache\" has no effect in the server in %s, "
            "which listens with QUIC only: nginx was built without the patch "
            "for that");
}

bool has_sessions_in_store(const Servers& servers) {
    return std::ranges::any_of(servers, [](const ServerConf* conf) {
        return conf->attached &&
               conf->tickets.makes != ServerTickets::Makes::shared;
    });
}

void warn_of_quic(ngx_conf_t* cf, const Configuration& configuration) {
    const ngx_str_t* first = nullptr;
    std::size_t addresses = 0;

    for (const Listener& listener : configuration.listeners) {
        if (!asks_store(listener.address) &&
            has_sessions_in_store(listener.servers) && ++addresses == 1) {
            first = &listener.address.text;
        }
    }
    if (first != nullptr) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"remote_ssl_session_cache\" does not look sessions up "
                      "for QUIC on %V%s: nginx was built without the patch "
                      "for that",
                      first, and_others(addresses).c_str());
    }
}

}  // namespace

void warn(ngx_conf_t* cf, const Configuration& configuration) {
    warn_of_servers(cf, configuration.servers);
    warn_of_lost_addr(cf, configuration.servers);
    warn_of_prohibited(cf, configuration.servers);
    warn_of_early_data(cf, configuration.servers);
    warn_of_refused(cf, configuration);
    warn_of_hash_tags(cf, configuration.servers);
    warn_of_ticket_keys(cf, configuration.servers);
    warn_of_plain(cf, configuration);
    warn_of_left(cf, configuration);
    warn_of_quic(cf, configuration);
    warn_of_overruled(cf, configuration);
}

}  // namespace session_cache
