#include "module/ticket_callbacks.hpp"

#include "module/belief.hpp"
#include "module/handshake.hpp"
#include "module/worker.hpp"
#include "sessions/session_tag.hpp"

#include <algorithm>
#include <new>

namespace session_cache {

namespace {

using tickets::TicketKey;
using tickets::TicketName;
using tickets::Unopened;

/* The longest session that fits a ticket: construct_stateless_ticket(). */
constexpr int max_session_in_ticket = 0xff00;

/* The server whose tickets are meant, or null if they are not ours. */
const ServerConf* ticketing_of(const SSL* ssl) {
    const ServerConf* acting = acting_of(ssl);
    const ServerConf* first = first_of(ssl);

    if (first == nullptr || !first->tickets.act || acting->stateful_tickets) {
        return nullptr;
    }
    return acting->tickets.act ? acting : first;
}

void count(Unopened why) {
    worker->tally().tickets.add(why);
}

/* Asks for the seed of a ticket, and suspends the handshake meanwhile. If it
 * cannot be suspended, the seed is fetched for the next one. */
backends::Status fetch(const ServerConf& conf, SSL* ssl,
                       const tickets::Wanted& wanted) {
    Record* record = record_of(ssl);
    if (record == nullptr || !record->budget.admit()) {
        return backends::Status::busy;
    }

    auto deadline = deadline_of(*record, *conf.remote);
    if (!deadline) {
        return backends::Status::timeout;
    }

    Suspension suspension(connection_of(ssl));
    if (!suspension.possible()) {
        conf.tickets.keyring->fetch_later(wanted);
        return backends::Status::busy;
    }

    tell(record, "store asked for the seed of a ticket, suspended");
    auto begun = Record::Clock::now();
    backends::Status status = conf.tickets.keyring->fetch(wanted, *deadline);
    record->waited +=
        duration_cast<std::chrono::microseconds>(Record::Clock::now() - begun);
    return status;
}

const TicketKey* find_in(const std::vector<TicketKey>& files,
                         const TicketName& name) {
    auto found = std::ranges::find(files, name, &TicketKey::name);
    return found != files.end() ? &*found : nullptr;
}

/* The key of a ticket, which may have to be asked for. Null if there is
 * none. */
const TicketKey* find_key(const ServerConf& conf, SSL* ssl,
                          const TicketName& name) {
    tickets::Keyring& keyring = *conf.tickets.keyring;
    const TicketKey* key = find_in(conf.tickets.files, name);

    if (key == nullptr) {
        key = keyring.find(name);
    }
    if (key != nullptr) {
        return key;
    }

    auto wanted = keyring.want(name);
    if (!wanted) {
        count(Unopened::foreign);
        note(record_of(ssl), Outcome::miss);
        tell(record_of(ssl), "ticket offered, with no key of ours");
        return nullptr;
    }

    backends::Status status = fetch(conf, ssl, *wanted);
    key = keyring.find(name);
    if (key == nullptr) {
        count(status == backends::Status::miss ? Unopened::missing
                                               : Unopened::no_answer);
        note(record_of(ssl), outcome_of(status));
        tell(record_of(ssl), "ticket offered, no key for it: %s",
             text(outcome_of(status)));
    }
    return key;
}

int seal(const ServerConf& conf, unsigned char* name, unsigned char* iv,
         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
    const TicketKey* key = conf.tickets.current();
    return key != nullptr && key->seal(name, iv, cipher, mac) ? 1 : 0;
}

int open(const ServerConf& conf, SSL* ssl, const unsigned char* name,
         const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
    TicketName wanted;
    std::copy_n(name, wanted.size(), wanted.begin());

    const TicketKey* key = find_key(conf, ssl, wanted);
    if (key == nullptr || !key->open(iv, cipher, mac)) {
        return 0;
    }
    if (Record* record = record_of(ssl); record != nullptr) {
        record->ticket = wanted;
    }
    return 1;
}

/*
 * SSL_CTX_set_tlsext_ticket_key_evp_cb(3). When it opens, its result does not
 * decide on a new ticket: on_opened() does. It is never less than 0, which
 * would fail the handshake.
 */
int on_key(SSL* ssl, unsigned char* name, unsigned char* iv,
           EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seals) noexcept {
    const ServerConf* conf = ticketing_of(ssl);

    if (conf == nullptr) {
        return 0;
    }
    return seals != 0 ? seal(*conf, name, iv, cipher, mac)
                      : open(*conf, ssl, name, iv, cipher, mac);
}

/* A session that does not fit into a ticket would fail the handshake. Without a
 * client's certificate none is too long, and to compute the length is slow. */
bool fits_ticket(const SSL_SESSION* session) {
    return SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session)) ==
               nullptr ||
           i2d_SSL_SESSION(session, nullptr) <= max_session_in_ticket;
}

void set_stateful(SSL* ssl, bool is_stateful) {
    if (is_stateful) {
        SSL_set_options(ssl, SSL_OP_NO_TICKET);
    } else {
        SSL_clear_options(ssl, SSL_OP_NO_TICKET);
    }
}

bool has_context(const SSL_SESSION* session, const Context& context) {
    unsigned length = 0;
    const unsigned char* own = SSL_SESSION_get0_id_context(session, &length);
    return std::ranges::equal(std::span(own, length), context);
}

void set_context(SSL_SESSION* session, const Context& context) {
    SSL_SESSION_set1_id_context(session, context.data(),
                                static_cast<unsigned>(context.size()));
}

/* With the keys of files, tickets go to and from an nginx without this module,
 * unless one of them is stricter. */
const HandshakeContext* context_of_files(const ServerConf& conf, SSL* ssl) {
    const HandshakeContext& context = conf.contexts.of(connection_of(ssl));
    return context.plain.empty() ? nullptr : &context;
}

/*
 * SSL_CTX_set_session_ticket_cb(3): a ticket is about to be made. In TLS 1.3,
 * its kind is decided here. In TLS 1.2, it was promised before.
 */
int on_make(SSL* ssl, void* /* data */) noexcept {
    const ServerConf* conf = ticketing_of(ssl);
    if (conf == nullptr) {
        return 1;
    }

    SSL_SESSION* session = SSL_get0_session(ssl);
    bool is_stateful =
        conf->tickets.current() == nullptr || !fits_ticket(session);
    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        set_stateful(ssl, is_stateful);
    }

    if (conf->tickets.makes == ServerTickets::Makes::by_file && !is_stateful) {
        if (const auto* context = context_of_files(*conf, ssl)) {
            set_context(session, context->plain);
        }
    }
    return 1;
}

/* Gives the session of a ticket of nginx's own our context. */
void adopt(const ServerConf& conf, SSL* ssl, SSL_SESSION* session) {
    const Record* record = record_of(ssl);
    if (record == nullptr ||
        find_in(conf.tickets.files, record->ticket) == nullptr) {
        return;
    }

    const auto* context = context_of_files(conf, ssl);
    if (context != nullptr && has_context(session, context->plain)) {
        set_context(session, context->ours);
    }
}

/* Whether the session of a ticket is for this client. */
bool is_usable(const ServerConf& conf, SSL* ssl, SSL_SESSION* session) {
    adopt(conf, ssl, session);
    Refusal refusal = judge(session, expected_of(conf, ssl, {}));

    if (is_believed(ssl, session, refusal, "a ticket's session")) {
        return true;
    }
    note(record_of(ssl), Outcome::invalid);
    count(Unopened::refused);
    return false;
}

/* In TLS 1.3, each ticket is for one use. In TLS 1.2, it is as good as a new
 * one while its key still makes tickets. */
bool needs_new_ticket(const ServerConf& conf, SSL* ssl) {
    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        return true;
    }

    const Record* record = record_of(ssl);
    const TicketKey* current = conf.tickets.current();
    return current != nullptr && record != nullptr &&
           record->ticket != current->name();
}

SSL_TICKET_RETURN use(const ServerConf& conf, SSL* ssl) {
    Record* record = record_of(ssl);

    note(record, Outcome::ticket);
    tell(record, "ticket opened");
    if (record != nullptr) {
        if (auto age = conf.tickets.keyring->age_of(record->ticket)) {
            worker->tally().tickets.add(*age);
        }
    }
    return needs_new_ticket(conf, ssl) ? SSL_TICKET_RETURN_USE_RENEW
                                       : SSL_TICKET_RETURN_USE;
}

/* The client gets a new ticket if there is a key for it. Otherwise its session
 * is looked up by its ID, in TLS 1.2, and a new one gets an ID. */
SSL_TICKET_RETURN ignore(const ServerConf& conf) {
    return conf.tickets.current() != nullptr ? SSL_TICKET_RETURN_IGNORE_RENEW
                                             : SSL_TICKET_RETURN_IGNORE;
}

/* A ticket whose key was found, but which did not open with it. */
void note_damaged(SSL* ssl) {
    Record* record = record_of(ssl);

    if (record != nullptr && record->ticket != TicketName{}) {
        count(Unopened::damaged);
        note(record, Outcome::invalid);
        tell(record, "ticket damaged");
    }
}

/* SSL_CTX_set_session_ticket_cb(3): a ticket was opened, or not. */
SSL_TICKET_RETURN on_opened(SSL* ssl, SSL_SESSION* session,
                            const unsigned char* /* name */,
                            std::size_t /* length */, SSL_TICKET_STATUS status,
                            void* /* data */) noexcept {
    const ServerConf* conf = ticketing_of(ssl);
    if (conf == nullptr) {
        return SSL_TICKET_RETURN_IGNORE;
    }

    bool is_open =
        status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    try {
        if (is_open && is_usable(*conf, ssl, session)) {
            return use(*conf, ssl);
        }
    } catch (const std::bad_alloc&) {
        return ignore(*conf);
    }

    if (status == SSL_TICKET_NO_DECRYPT) {
        note_damaged(ssl);
    }
    return ignore(*conf);
}

/*
 * SSL_CTX_set_psk_find_session_callback(3). OpenSSL calls it for each PSK
 * before it decides whether that is a ticket or a session ID. No ticket is as
 * short as an ID.
 */
int on_psk(SSL* ssl, const unsigned char* /* identity */, std::size_t length,
           SSL_SESSION** session) noexcept {
    *session = nullptr;

    if (ticketing_of(ssl) != nullptr) {
        set_stateful(ssl, length == SSL_MAX_SSL_SESSION_ID_LENGTH);
        if (Record* record = record_of(ssl); record != nullptr) {
            record->ticket = {};
        }
    }
    return 1;
}

/* Waits for a first key, when the ClientHello's first bytes are there and
 * nothing is decided yet. */
void await_key(const ServerConf& conf, SSL* ssl) {
    Record* record = record_of(ssl);

    if (conf.tickets.makes != ServerTickets::Makes::shared ||
        record == nullptr || !conf.tickets.keyring->is_awaited() ||
        !may_look_up(ssl)) {
        return;
    }

    Suspension suspension(connection_of(ssl));
    if (!suspension.possible()) {
        return;
    }
    if (auto deadline = deadline_of(*record, *conf.remote)) {
        tell(record, "ticket key awaited, suspended");
        conf.tickets.keyring->await(*deadline);
    }
}

}  // namespace

void set_ticket_callbacks(SSL_CTX* ctx) noexcept {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_key);
    SSL_CTX_set_session_ticket_cb(ctx, on_make, on_opened, nullptr);
    SSL_CTX_set_psk_find_session_callback(ctx, on_psk);
}

void keep_tickets_acting(SSL* ssl) noexcept {
    const ServerConf* conf = ticketing_of(ssl);

    if (conf != nullptr) {
        await_key(*conf, ssl);
        set_stateful(ssl, false);
    }
}

bool may_be_stored(SSL* ssl, SessionId id) {
    const ServerConf* conf = ticketing_of(ssl);

    return conf == nullptr ||
           conf->tickets.makes != ServerTickets::Makes::shared ||
           is_tagged(conf->remote->keys, id);
}

}  // namespace session_cache
