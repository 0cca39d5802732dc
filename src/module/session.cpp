#include "module/session.hpp"
#include "module/handshake.hpp"
#include "module/record.hpp"
#include "module/worker.hpp"
#include "sessions/cipher.hpp"
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
    const ServerConf& conf = *acting_of(ssl);
    int kept = first_of(ssl)->local.add(ssl, session);

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

/* The SSL_CTX whose ciphers a full handshake would have to choose from. With
 * TLS 1.2 the name of a session that is resumed is the one that counts. */
SSL_CTX* choosing_ctx(SSL* ssl, [[maybe_unused]] const SSL_SESSION* session) {
#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    const ServerConf& first = *first_of(ssl);
    const char* name = SSL_SESSION_get0_hostname(session);

    if (name != nullptr && first.find_named != nullptr) {
        const ServerConf* named = first.find_named(connection_of(ssl), name);
        if (named != nullptr && named->tls.ctx != nullptr) {
            return named->tls.ctx;
        }
    }
#endif
    return SSL_get_SSL_CTX(ssl);
}

bool has_allowed_cipher(SSL* ssl, const SSL_SESSION* session) {
    return allows_cipher(choosing_ctx(ssl, session), session);
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
                              .context = conf.contexts.of(c),
                              .protocol = SSL_version(ssl),
                              .timeout = timeout,
                              .now = ngx_time()});
    if (decoded.refusal == Refusal::none &&
        !has_allowed_cipher(ssl, decoded.session.get())) {
        decoded = {nullptr, Refusal::other_cipher};
    }
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
 * Whether a session of the local cache's may be used: it is as good as one of
 * the store, but for what a reload has changed.
 */
bool is_usable(SSL* ssl, const SSL_SESSION* session) {
    if (has_allowed_cipher(ssl, session)) {
        return true;
    }

    refuse(connection_of(ssl), record_of(ssl), Refusal::other_cipher);
    note(record_of(ssl), Outcome::invalid);
    return false;
}

Session find_local(const LocalCache& local, SSL* ssl, SessionId id) {
    Session found = local.find(ssl, id);

    if (local.finds()) {
        note_local(record_of(ssl), found != nullptr);
    }
    return found;
}

/* The local cache's session, or the store's by way of the local cache. */
Session find(SSL* ssl, SessionId id) {
    const LocalCache& local = first_of(ssl)->local;
    const ServerConf& conf = *acting_of(ssl);
    Session found = find_local(local, ssl, id);

    if (conf.store == nullptr) {
        return found;
    }
    if (found == nullptr) {
        return local.fill(ssl, id, look_up(conf, ssl, id));
    }
    return is_usable(ssl, found.get()) ? std::move(found) : nullptr;
}

/* SSL_CTX_sess_set_get_cb(3). With *copy = 0 the session's one reference is
 * handed over. */
SSL_SESSION* on_get(SSL* ssl, const unsigned char* id, int length,
                    int* copy) noexcept {
    SessionId wanted(id, static_cast<std::size_t>(length));

    *copy = 0;
    tell(record_of(ssl), "session %s offered", Shortened(wanted).c_str());

    try {
        return find(ssl, wanted).release();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

/* SSL_CTX_sess_set_remove_cb(3): the session is expired, or has failed. One
 * that is in the store of another server, by SNI, will expire there. */
void on_remove(SSL_CTX* ctx, SSL_SESSION* session) noexcept {
    ServerConf& conf = *conf_of(ctx);

    conf.local.remove(ctx, session);

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

const ServerConf* acting_of(SSL* ssl) noexcept {
#if (NGX_HAVE_SNI_BEFORE_SESSION)
    const ServerConf* named = conf_of(SSL_get_SSL_CTX(ssl));
    if (named != nullptr) {
        return named;
    }
#endif
    return first_of(ssl);
}

bool uses_store(SSL* ssl) noexcept {
    const ServerConf* conf = acting_of(ssl);
    return conf != nullptr && conf->attached;
}

ngx_int_t know_server(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx) {
    if (conf_index() == -1 ||
        SSL_CTX_set_ex_data(ctx, conf_index(), &conf) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      (char*)"SSL_CTX_set_ex_data() failed");
        return NGX_ERROR;
    }
    return NGX_OK;
}

ngx_int_t chain(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx) {
    if (know_server(cf, conf, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    conf.local = LocalCache(ctx);
    SSL_CTX_sess_set_new_cb(ctx, on_new);
    SSL_CTX_sess_set_get_cb(ctx, on_get);
    SSL_CTX_sess_set_remove_cb(ctx, on_remove);
    return NGX_OK;
}

ngx_int_t attach(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx) {
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

#if (NGX_HAVE_SNI_BEFORE_SESSION)
    /* OpenSSL looks for the session at once when SNI has brought it here */
    if (conf.stateful_tickets) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    }
#endif

    conf.attached = true;
    return NGX_OK;
}

void begin_handshake([[maybe_unused]] SSL* ssl) noexcept {
#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    const Context& context = first_of(ssl)->contexts.of(connection_of(ssl));

    SSL_set_session_id_context(ssl, context.data(),
                               static_cast<unsigned>(context.size()));
#endif
    keep_tickets_stateful(ssl);
}

void keep_tickets_stateful(SSL* ssl) noexcept {
    const ServerConf* conf = acting_of(ssl);

    if (conf != nullptr && conf->stateful_tickets) {
        SSL_set_options(ssl, SSL_OP_NO_TICKET);
    }
}

}  // namespace session_cache
