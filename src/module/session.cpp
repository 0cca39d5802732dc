#include "module/session.hpp"
#include "module/handshake.hpp"
#include "module/record.hpp"
#include "module/worker.hpp"
#include "sessions/value.hpp"

#include <algorithm>
#include <new>
#include <string>

namespace session_cache {

namespace {

using std::chrono::seconds;

/* Where an SSL_CTX keeps its server's configuration. */
int conf_index() {
    static const int index =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

ServerConf* conf_of(const SSL_CTX* ctx) {
    return static_cast<ServerConf*>(SSL_CTX_get_ex_data(ctx, conf_index()));
}

ngx_connection_t* connection_of(SSL* ssl) {
    return static_cast<ngx_connection_t*>(ngx_ssl_get_connection(ssl));
}

/*
 * The server that the handshake began with. OpenSSL keeps to the callbacks of
 * its SSL_CTX, and nginx to its local cache, whatever SNI says.
 */
ServerConf* first_of(SSL* ssl) {
    return conf_of(connection_of(ssl)->ssl->session_ctx);
}

/* The server whose directive acts. */
ServerConf* acting_of(SSL* ssl) {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    ServerConf* named = conf_of(SSL_get_SSL_CTX(ssl));
    if (named != nullptr) {
        return named;
    }
#endif
    return first_of(ssl);
}

/*
 * Whether the session that was just made can be looked up. OpenSSL calls
 * the new-session callback for TLS 1.3's stateless tickets as well; the
 * condition is that of tls_construct_new_session_ticket().
 */
bool is_stateful(SSL* ssl) {
    if (SSL_version(ssl) < TLS1_3_VERSION) {
        return true;
    }

    auto options = SSL_get_options(ssl);
    return (options & SSL_OP_NO_TICKET) != 0 ||
           (SSL_get_max_early_data(ssl) > 0 &&
            (options & SSL_OP_NO_ANTI_REPLAY) == 0);
}

/* A session has a name in the store for each key, the first where it is put. */
std::size_t count_names(const Remote& remote) {
    return std::max<std::size_t>(remote.keys.size(), 1);
}

std::string nth_name(const Remote& remote, SessionId id, std::size_t n) {
    const std::string& prefix = remote.directive.prefix;
    return remote.keys.empty() ? name_of(prefix, id)
                               : name_of(prefix, id, remote.keys[n]);
}

Shortened shortened(const Remote& remote, std::string_view name) {
    return {name, remote.directive.prefix.size()};
}

void store(const ServerConf& conf, SSL* ssl, SSL_SESSION* session) {
    SSL_CTX* ctx = connection_of(ssl)->ssl->session_ctx;
    const Record* record = record_of(ssl);
    Shortened id(session_id(session));
    seconds ttl =
        time_left(session, seconds(SSL_CTX_get_timeout(ctx)), ngx_time());
    SecretBytes value;

    if (ttl.count() <= 0 || !encode(session, conf.remote->keys, value)) {
        worker->tally().not_stored.add();
        tell(record, "session %s not stored, expired or too long", id.c_str());
        return;
    }

    std::string name = nth_name(*conf.remote, session_id(session), 0);
    conf.store->store(name, value.view(), ttl);
    tell(record, "session %s stored as %s, %uz bytes", id.c_str(),
         shortened(*conf.remote, name).c_str(), value.view().size());
}

/* SSL_CTX_sess_set_new_cb(3); what it returns is whether it keeps the
 * caller's reference. */
int on_new(SSL* ssl, SSL_SESSION* session) noexcept {
    LocalCache local = first_of(ssl)->local;
    ServerConf& conf = *acting_of(ssl);
    int kept = 0;

    if (local.on_new != nullptr) {
        kept = local.on_new(ssl, session);
    }

    if (conf.store == nullptr || !is_stateful(ssl)) {
        return kept;
    }

    try {
        store(conf, ssl, session);
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_ERR, connection_of(ssl)->log, NGX_ENOMEM,
                      "remote_ssl_session_cache: session is not stored");
    }
    return kept;
}

/* What OpenSSL will compare a session's with. */
const Context& context_of(const ServerConf& conf, const SSL* ssl) {
    const ServerConf* current = conf_of(SSL_get_SSL_CTX(ssl));
    return current != nullptr ? current->context : conf.context;
}

/* Counts it, and logs it when it is new. */
void refuse(const ngx_connection_t* c, Record* record, Refusal refusal) {
    tell(record, "value refused: %s", text(refusal));
    worker->tally().refusals[static_cast<std::size_t>(refusal)].add();

    if (worker->is_news(refusal)) {
        ngx_log_error(NGX_LOG_INFO, c->log, 0,
                      "remote_ssl_session_cache: stored session is not used: "
                      "%s",
                      text(refusal));
    }
}

/* A session from what the store had for `id`, or null. */
Session believe(const ServerConf& conf, SSL* ssl, SessionId id,
                std::string_view value) {
    ngx_connection_t* c = connection_of(ssl);
    seconds timeout(SSL_CTX_get_timeout(c->ssl->session_ctx));

    Decoded decoded = decode(value, conf.remote->keys,
                             {.id = id,
                              .context = context_of(conf, ssl),
                              .protocol = SSL_version(ssl),
                              .timeout = timeout,
                              .now = ngx_time()});
    if (decoded.refusal != Refusal::none) {
        refuse(c, record_of(ssl), decoded.refusal);
    }
    return std::move(decoded.session);
}

/* An error, too, means that the store cannot be used; a wait is cancelled when
 * the connection's own time is over. */
Outcome outcome_of(backends::Status status) {
    switch (status) {
    case backends::Status::hit:
        return Outcome::hit;
    case backends::Status::miss:
        return Outcome::miss;
    case backends::Status::timeout:
    case backends::Status::cancelled:
        return Outcome::timeout;
    case backends::Status::busy:
        return Outcome::busy;
    default:
        return Outcome::down;
    }
}

void note(Record* record, Outcome outcome) {
    if (record != nullptr) {
        record->outcome = outcome;
    }
}

void note_fetch(Record& record, const backends::Fetched& fetched) {
    record.waited += fetched.took;
    tell(&record, "store: %s, %uz bytes, after %uL us",
         text(outcome_of(fetched.status)), fetched.value.size(),
         static_cast<uint64_t>(fetched.took.count()));
}

/* Asks the store for a name; the handshake is suspended meanwhile. */
backends::Fetched fetch(const ServerConf& conf, Record& record,
                        const std::string& name) {
    const Remote& remote = *conf.remote;
    coro::Time now = worker->scheduler().loop().now();
    coro::Time deadline =
        record.budget.deadline(now, remote.directive.store.timeout);

    if (now >= deadline) {
        return {.status = backends::Status::timeout};
    }

    Suspension suspension(record.connection); /* of one wait only */
    if (!suspension.possible()) {
        return {.status = backends::Status::busy};
    }

    tell(&record, "store asked for %s, suspended",
         shortened(remote, name).c_str());
    backends::Fetched fetched = conf.store->fetch(name, deadline);
    note_fetch(record, fetched);
    return fetched;
}

/*
 * While keys are being replaced, a session that another node has sealed has
 * another name.
 */
backends::Fetched fetch(const ServerConf& conf, Record& record, SessionId id) {
    backends::Fetched fetched{.status = backends::Status::miss};

    for (std::size_t n = 0; n < count_names(*conf.remote) &&
                            fetched.status == backends::Status::miss;
         ++n) {
        fetched = fetch(conf, record, nth_name(*conf.remote, id, n));
    }
    return fetched;
}

/* After a HelloRetryRequest it may have what the store gave for the first
 * ClientHello. */
void note_local(Record* record, bool found) {
    tell(record, "local cache: %s", found ? "hit" : "miss");
    if (!found) {
        note(record, Outcome::miss);
    } else if (record != nullptr && record->outcome != Outcome::hit) {
        note(record, Outcome::local);
    }
}

/* Without a record, which there is no memory for, nobody counts the waits. */
Session look_up(const ServerConf& conf, SSL* ssl, SessionId id) {
    Record* record = record_of(ssl);

    if (record == nullptr || !record->budget.admit()) {
        tell(record, "store not asked, for too many sessions are offered");
        return nullptr;
    }

    backends::Fetched fetched = fetch(conf, *record, id);
    SecretBytes value(std::move(fetched.value));
    Outcome outcome = outcome_of(fetched.status);
    Session session;

    if (outcome == Outcome::hit) {
        session = believe(conf, ssl, id, value.view());
        outcome = session != nullptr ? Outcome::hit : Outcome::invalid;
    }

    record->outcome = outcome;
    return session;
}

/*
 * SSL_CTX_sess_set_get_cb(3). With *copy = 0 the session's one reference is
 * handed over. Another connection may have brought the session into the
 * local cache while this one was suspended, so that is asked again.
 */
SSL_SESSION* on_get(SSL* ssl, const unsigned char* id, int length,
                    int* copy) noexcept {
    LocalCache local = first_of(ssl)->local;
    ServerConf& conf = *acting_of(ssl);
    SessionId wanted(id, static_cast<std::size_t>(length));
    SSL_SESSION* found = nullptr;

    *copy = 0;
    tell(record_of(ssl), "session %s offered", Shortened(wanted).c_str());

    if (local.on_get != nullptr) {
        found = local.on_get(ssl, id, length, copy);
        note_local(record_of(ssl), found != nullptr);
        if (found != nullptr) {
            return found;
        }
    }

    if (conf.store == nullptr) {
        return nullptr;
    }

    try {
        Session session = look_up(conf, ssl, wanted);

        if (session == nullptr || local.on_get == nullptr) {
            return session.release();
        }

        found = local.on_get(ssl, id, length, copy);
        if (found == nullptr && local.on_new(ssl, session.get()) == 0) {
            found = session.release();
        }
        return found;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

/* SSL_CTX_sess_set_remove_cb(3): the session is expired, or has failed. One
 * that is in the store of another server, by SNI, will expire there. */
void on_remove(SSL_CTX* ctx, SSL_SESSION* session) noexcept {
    ServerConf& conf = *conf_of(ctx);

    if (conf.local.on_remove != nullptr) {
        conf.local.on_remove(ctx, session);
    }

    if (conf.store == nullptr) {
        return;
    }

    try {
        for (std::size_t n = 0; n < count_names(*conf.remote); ++n) {
            conf.store->erase(nth_name(*conf.remote, session_id(session), n));
        }
    } catch (const std::bad_alloc&) {
        return; /* it will expire */
    }
}

}  // namespace

bool uses_store(SSL* ssl) noexcept {
    const ServerConf* conf = acting_of(ssl);
    return conf != nullptr && conf->attached;
}

ngx_int_t chain(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx) {
    if (conf_index() == -1 ||
        SSL_CTX_set_ex_data(ctx, conf_index(), &conf) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      (char*)"SSL_CTX_set_ex_data() failed");
        return NGX_ERROR;
    }

    conf.context = context_of(ctx);
    conf.local = {SSL_CTX_sess_get_new_cb(ctx), SSL_CTX_sess_get_get_cb(ctx),
                  SSL_CTX_sess_get_remove_cb(ctx)};

    SSL_CTX_sess_set_new_cb(ctx, on_new);
    SSL_CTX_sess_set_get_cb(ctx, on_get);
    SSL_CTX_sess_set_remove_cb(ctx, on_remove);
    return NGX_OK;
}

ngx_int_t attach(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx,
                 bool stateful_tickets) {
    if (chain(cf, conf, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * Not OpenSSL's own cache in the worker ("builtin"): it would report
     * what it evicts as removed, and the store would lose it, too.
     */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER |
                                            SSL_SESS_CACHE_NO_INTERNAL |
                                            SSL_SESS_CACHE_NO_AUTO_CLEAR);

    if (stateful_tickets) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    }

    conf.attached = true;
    return NGX_OK;
}

}  // namespace session_cache
