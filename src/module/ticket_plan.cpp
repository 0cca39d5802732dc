#include "module/ticket_plan.hpp"

#include "sessions/secret.hpp"
#include "sessions/value.hpp"
#include "tickets/lifetimes.hpp"

namespace session_cache {

namespace {

using Makes = ServerTickets::Makes;

ngx_int_t check_number_of_keys(ngx_conf_t* cf, const ServerConf& conf) {
    const Remote& remote = *conf.remote;
    auto timeout = session_timeout(conf.tls.ctx);
    auto keys = tickets::keys_at_a_time(remote.directive.rotate, timeout);

    if (keys <= tickets::max_keys_at_a_time) {
        return NGX_OK;
    }
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "parameter \"rotate\" of \"remote_ssl_session_cache\" is too "
                  "short for an \"ssl_session_timeout\" of %L s, which would "
                  "take %L ticket keys at a time, more than %L, in %s:%ui",
                  static_cast<int64_t>(timeout.count()),
                  static_cast<int64_t>(keys),
                  static_cast<int64_t>(tickets::max_keys_at_a_time),
                  remote.file.c_str(), remote.line);
    return NGX_ERROR;
}

/* nginx has just read them, so they are valid. */
ngx_int_t read_files(ngx_conf_t* cf, ServerConf& conf) {
    for (auto& name : elements<ngx_str_t>(*conf.tls.ticket_keys)) {
        SecretFile file =
            read_secret(std::string(view(name)), SealingKey::max_size);

        if (!file.error.empty() ||
            !tickets::TicketKey::is_file_size(file.content.view().size())) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "cannot read \"%V\" of \"ssl_session_ticket_key\": "
                          "%s",
                          &name,
                          file.error.empty() ? "must be of 48 or 80 bytes"
                                             : file.error.c_str());
            return NGX_ERROR;
        }
        conf.tickets.files.emplace_back(file.content.view());
    }
    return NGX_OK;
}

bool has_ticket_files(const ServerConf& conf) {
    return conf.tls.ticket_keys != nullptr && conf.tls.ticket_keys->nelts != 0;
}

}  // namespace

bool prohibits_tickets(const ServerConf& conf) noexcept {
    return (SSL_CTX_get_options(conf.tls.ctx) & SSL_OP_NO_TICKET) != 0;
}

ngx_int_t plan_tickets(ngx_conf_t* cf, ServerConf& conf) {
    const Tickets wanted = conf.remote->directive.tickets;
    ServerTickets& tickets = conf.tickets;

    tickets.act = !prohibits_tickets(conf) && !conf.remote->keys.empty() &&
                  (wanted != Tickets::keep || conf.keys_act);
    if (!tickets.act) {
        conf.stateful_tickets = prohibits_tickets(conf) ||
                                (wanted != Tickets::keep && !conf.keys_act);
        return NGX_OK;
    }

    if (wanted == Tickets::shared) {
        tickets.makes = Makes::shared;
    } else if (conf.keys_act) {
        tickets.makes = Makes::by_file;
    }
    if (has_ticket_files(conf) && read_files(cf, conf) != NGX_OK) {
        return NGX_ERROR;
    }
    return tickets.makes == Makes::shared ? check_number_of_keys(cf, conf)
                                          : NGX_OK;
}

void drop_unreachable_tickets(
    [[maybe_unused]] const Configuration& configuration) {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    for (const Listener& listener : configuration.listeners) {
        for (ServerConf* conf : listener.servers) {
            if (conf->attached && conf->tickets.act &&
                !listener.default_server->tickets.act) {
                conf->tickets.act = false;
                conf->stateful_tickets = true;
            }
        }
    }
#endif
}

}  // namespace session_cache
