#include "module/record.hpp"
#include "module/handshake.hpp"
#include "module/session.hpp"
#include "module/worker.hpp"

#include <algorithm>

namespace session_cache {

namespace {

using InfoCallback = void (*)(const SSL* ssl, int where, int value);

/* The index under which an SSL_CTX keeps the info callback that it had before
 * ours. */
int callback_index() {
    static const int index =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

InfoCallback callback_of(const SSL_CTX* ctx) {
    return reinterpret_cast<InfoCallback>(
        SSL_CTX_get_ex_data(ctx, callback_index()));
}

/* Calls nginx's or another module's info callback as OpenSSL would without
 * ours: that of the server that SNI has chosen. */
void call_others(const SSL* ssl, int where, int value) {
    InfoCallback callback = callback_of(SSL_get_SSL_CTX(ssl));

    if (callback != nullptr) {
        callback(ssl, where, value);
    }
}

/* Counts the handshake once, and only if its server uses the store. */
void finish(Record& record, bool complete, Ending ending) {
    Tally& tally = worker->tally();

    record.complete = complete;
    if (!uses_store(record.connection->ssl->connection)) {
        return;
    }

    worker->begin_minute();
    tally.endings[static_cast<std::size_t>(ending)].add();
    if (complete) {
        tally.outcomes[static_cast<std::size_t>(record.outcome)].add();
    }
}

/* SSL_free(3): the connection ends. */
void on_free(void* /* ssl */, void* data, CRYPTO_EX_DATA* /* all */,
             int /* index */, long /* argl */, void* /* argp */) noexcept {
    auto* record = static_cast<Record*>(data);

    if (record != nullptr && !record->complete && worker != nullptr) {
        worker->need_no_more();
        finish(*record, false, Ending::broken_off);
        tell(record, "handshake broken off");
    }
}

/* The index under which an SSL keeps its record. */
int record_index() {
    static const int index =
        SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, on_free);
    return index;
}

void tell_begin(const Record& record) {
    ngx_connection_t* c = record.connection;
    u_char client[NGX_SOCKADDR_STRLEN];
    u_char server[NGX_SOCKADDR_STRLEN];
    ngx_str_t local{sizeof(server), server};

    if (!(c->log->log_level & NGX_LOG_DEBUG_EVENT) ||
        ngx_connection_local_sockaddr(c, &local, 1) != NGX_OK) {
        return;
    }

    std::size_t length =
        ngx_sock_ntop(c->sockaddr, c->socklen, client, sizeof(client), 1);
    tell(&record, "handshake begins, %*s -> %V", length, client, &local);
}

/*
 * The SSL_CTX that SNI chooses may not have our callback. Another module's
 * callback, which was set after ours, may have called it now.
 */
void keep_informed(SSL* ssl) {
    if (SSL_get_info_callback(ssl) == nullptr) {
        SSL_set_info_callback(ssl,
                              SSL_CTX_get_info_callback(SSL_get_SSL_CTX(ssl)));
    }
}

void begin(SSL* ssl, ngx_connection_t* c) {
    keep_informed(ssl);
    begin_handshake(ssl);

    auto* memory = ngx_palloc(c->pool, sizeof(Record));
    if (memory == nullptr) {
        return;
    }

    auto* record = new (memory) Record{c, Record::Clock::now()};
    if (SSL_set_ex_data(ssl, record_index(), record) == 1) {
        worker->need(); /* until it is complete or freed */
        tell_begin(*record);
    }
}

/* Only a ticket resumes without asking a cache. */
Ending ending_of(SSL* ssl, Outcome outcome) {
    if (!SSL_session_reused(ssl)) {
        return Ending::full;
    }

    switch (outcome) {
    case Outcome::hit:
        return Ending::from_store;
    case Outcome::local:
        return Ending::from_local;
    default:
        return Ending::by_ticket;
    }
}

void complete(SSL* ssl, Record& record) {
    Ending ending = ending_of(ssl, record.outcome);
    if (ending == Ending::by_ticket) {
        record.outcome = Outcome::ticket;
    }

    finish(record, true, ending);
    worker->need_no_more();
    tell(&record, "handshake done: %s %s, %s", SSL_get_version(ssl),
         ending == Ending::full ? "full" : "resumed", text(record.outcome));

    if (!uses_store(ssl)) {
        return;
    }

    /*
     * As in http. While OpenSSL waits for a client's close_notify, a plain end
     * of the connection makes it forget that it has sent its own
     * (SSL_OP_IGNORE_UNEXPECTED_EOF, which nginx sets). SSL_free(3) then takes
     * the session for a bad one, and removes it everywhere.
     */
    record.connection->ssl->no_wait_shutdown = 1;
}

/*
 * Only the first handshake of a connection counts. Renegotiation, and what TLS
 * 1.3 calls handshakes later on, do not.
 */
void on_info(const SSL* ssl, int where, int value) noexcept {
    call_others(ssl, where, value);

    auto* own = const_cast<SSL*>(ssl);

    if (worker == nullptr) {
        return;
    }
    if (where & SSL_CB_LOOP) {
        keep_tickets(own);
    }
    if (!(where & (SSL_CB_HANDSHAKE_START | SSL_CB_HANDSHAKE_DONE))) {
        return;
    }

    auto* c = static_cast<ngx_connection_t*>(ngx_ssl_get_connection(own));
    Record* record = record_of(ssl);

    if (record == nullptr && (where & SSL_CB_HANDSHAKE_START)) {
        begin(own, c);
        begin_in_coroutine(c);
    } else if (record != nullptr && !record->complete &&
               (where & SSL_CB_HANDSHAKE_DONE)) {
        complete(own, *record);
    }
}

char digit(unsigned value) {
    return "0123456789abcdef"[value & 0x0f];
}

}  // namespace

void keep_info_callback(SSL_CTX* ctx) {
    InfoCallback callback = SSL_CTX_get_info_callback(ctx);

    require(callback_index() != -1 &&
            SSL_CTX_set_ex_data(ctx, callback_index(),
                                reinterpret_cast<void*>(callback)) == 1);
}

void record_handshakes(SSL_CTX* ctx) {
    require(record_index() != -1);
    SSL_CTX_set_info_callback(ctx, on_info);
}

Record* record_of(const SSL* ssl) noexcept {
    return static_cast<Record*>(SSL_get_ex_data(ssl, record_index()));
}

std::optional<coro::Time> deadline_of(Record& record, const Remote& remote) {
    coro::Time now = worker->scheduler().loop().now();
    coro::Time deadline =
        record.budget.deadline(now, remote.directive.store.timeout);

    return now < deadline ? std::optional(deadline) : std::nullopt;
}

void tell_line(const Record& record, std::string_view line) noexcept {
    auto since = std::chrono::duration_cast<std::chrono::microseconds>(
        Record::Clock::now() - record.begun);
    ngx_str_t text = str(line);

    ngx_log_error_core(NGX_LOG_DEBUG, record.connection->log, 0,
                       "remote ssl session cache: +%uL us %V",
                       static_cast<uint64_t>(since.count()), &text);
}

Shortened::Shortened(SessionId id) noexcept {
    if (id.size() < 3) {
        return;
    }
    text_ = {digit(id[0] >> 4U),
             digit(id[0]),
             digit(id[1] >> 4U),
             digit(id[1]),
             '.',
             '.',
             digit(id.back() >> 4U),
             digit(id.back())};
}

Shortened::Shortened(std::string_view name, std::size_t prefix) noexcept {
    std::string_view head = name.substr(0, prefix + 4);
    std::string_view tail = name.substr(name.size() - 2);

    auto* end = std::copy_n(
        head.begin(), std::min(head.size(), text_.size() / 2), text_.begin());
    end = std::fill_n(end, 2, '.');
    std::copy(tail.begin(), tail.end(), end);
}

}  // namespace session_cache
