#include "module/session.hpp"
#include "module/acting.hpp"
#include "module/belief.hpp"
#include "module/handshake.hpp"
#include "module/record.hpp"
#include "module/ticket_callbacks.hpp"
#include "module/worker.hpp"
#include "sessions/session_tag.hpp"
#include "sessions/value.hpp"

#include <algorithm>
#include <new>
#include <openssl/rand.h>
#include <string>

namespace session_cache {

namespace {

using std::chrono::seconds;

/*
 * Whether the session that was just made can be looked up. OpenSSL calls the
 * new-session callback for TLS 1.3's stateless tickets as well. The condition
 * is that of tls_construct_new_session_ticket().
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

/* A session has a name in the store for each key. It is stored under the first
 * one. */
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
    seconds ttl = time_left(session, session_timeout(ctx), ngx_time());
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

/* SSL_CTX_sess_set_new_cb(3). Returns whether it keeps the caller's
 * reference. */
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

/* The session in the store's value for `id`, or null. */
Session believe(const ServerConf& conf, SSL* ssl, SessionId id,
                std::string_view value) {
    Decoded decoded =
        decode(value, conf.remote->keys, expected_of(conf, ssl, id));

    if (!is_believed(ssl, decoded.session.get(), decoded.refusal)) {
        return nullptr;
    }
    return std::move(decoded.session);
}

void note_fetch(Record& record, const backends::Fetched& fetched) {
    record.waited += fetched.took;
    tell(&record, "store: %s, %uz bytes, after %uL us",
         text(outcome_of(fetched.status)), fetched.value.size(),
         static_cast<uint64_t>(fetched.took.count()));
}

/* Asks the store for a name, and suspends the handshake meanwhile. */
backends::Fetched fetch(const ServerConf& conf, Record& record,
                        const std::string& name) {
    const Remote& remote = *conf.remote;
    auto deadline = deadline_of(record, remote);

    if (!deadline) {
        return {.status = backends::Status::timeout};
    }

    Suspension suspension(record.connection); /* for one wait only */
    if (!suspension.possible()) {
        return {.status = backends::Status::busy};
    }

    tell(&record, "store asked for %s, suspended",
         shortened(remote, name).c_str());
    backends::Fetched fetched = conf.store->fetch(name, *deadline);
    note_fetch(record, fetched);
    return fetched;
}

/*
 * While keys are being replaced, a session that another node sealed has another
 * name.
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

/* After a HelloRetryRequest, the local cache may have what the store returned
 * for the first ClientHello. */
void note_local(Record* record, bool found) {
    tell(record, "local cache: %s", found ? "hit" : "miss");
    if (!found) {
        note(record, Outcome::miss);
    } else if (record != nullptr && record->outcome != Outcome::hit) {
        note(record, Outcome::local);
    }
}

/* Without a record, for which memory was short, nothing would count the
 * waits. */
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
 * Whether a session from the local cache may be used. It is as good as one from
 * the store, except for what a reload has changed.
 */
bool is_usable(SSL* ssl, const SSL_SESSION* session) {
    if (is_believed(ssl, session, Refusal::none)) {
        return true;
    }

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

/* The session from the local cache, or from the store through the local
 * cache. */
Session find(SSL* ssl, SessionId id) {
    const LocalCache& local = first_of(ssl)->local;
    const ServerConf& conf = *acting_of(ssl);
    Session found = find_local(local, ssl, id);

    if (conf.store == nullptr || !may_be_stored(ssl, id)) {
        return found;
    }
    if (found == nullptr) {
        return local.fill(ssl, id, look_up(conf, ssl, id));
    }
    return is_usable(ssl, found.get()) ? std::move(found) : nullptr;
}

/* SSL_CTX_sess_set_get_cb(3). With *copy = 0, OpenSSL takes over the session's
 * only reference. */
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

/* SSL_CTX_set_generate_session_id(3). A failure would fail the handshake, so
 * without memory an ID has no tag. */
int on_generate(SSL* ssl, unsigned char* id, unsigned* length) noexcept {
    const ServerConf* conf = acting_of(ssl);

    if (RAND_bytes(id, static_cast<int>(*length)) != 1) {
        return 0;
    }
    try {
        if (conf->attached && !conf->remote->keys.empty()) {
            tag_session_id(conf->remote->keys.front(), {id, *length});
        }
    } catch (const std::bad_alloc&) {
        return 1;
    }
    return 1;
}

/* SSL_CTX_sess_set_remove_cb(3): the session has expired or failed. If SNI put
 * it into another server's store, it will expire there. */
void on_remove(SSL_CTX* ctx, SSL_SESSION* session) noexcept {
    ServerConf& conf = *server_of(ctx);

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

bool uses_store(SSL* ssl) noexcept {
    const ServerConf* conf = acting_of(ssl);
    return conf != nullptr && conf->attached;
}

ngx_int_t chain(ngx_conf_t* cf, ServerConf& conf, SSL_CTX* ctx) {
    if (note_server(cf, conf, ctx) != NGX_OK) {
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
     * Without OpenSSL's own cache in the worker ("builtin"), which would report
     * evicted sessions as removed. Then the store would lose them, too.
     */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER |
                                            SSL_SESS_CACHE_NO_INTERNAL |
                                            SSL_SESS_CACHE_NO_AUTO_CLEAR);

    SSL_CTX_set_generate_session_id(ctx, on_generate);
    if (conf.tickets.act) {
        set_ticket_callbacks(ctx);
    }

#if (NGX_HAVE_SNI_BEFORE_SESSION)
    /* OpenSSL looks for the session as soon as SNI has brought it here */
    if (conf.stateful_tickets) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    }
#endif

    return NGX_OK;
}

void begin_handshake([[maybe_unused]] SSL* ssl) noexcept {
#if !(NGX_HAVE_SNI_BEFORE_SESSION)
    const Context& context =
        first_of(ssl)->contexts.of(connection_of(ssl)).ours;

    SSL_set_session_id_context(ssl, context.data(),
                               static_cast<unsigned>(context.size()));
#endif
    keep_tickets(ssl);
}

void keep_tickets(SSL* ssl) noexcept {
    const ServerConf* conf = acting_of(ssl);

    if (conf != nullptr && conf->stateful_tickets) {
        SSL_set_options(ssl, SSL_OP_NO_TICKET);
    } else {
        keep_tickets_acting(ssl);
    }
}

}  // namespace session_cache
