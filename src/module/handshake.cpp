#include "module/handshake.hpp"
#include "backends/tls.hpp"
#include "module/first_read.hpp"
#include "module/quic.hpp"
#include "module/worker.hpp"

#include <unordered_map>
#include <utility>

namespace session_cache {

namespace {

struct Guarded {
    ngx_connection_handler_pt handler; /* nginx's own */
    AwaitsTls awaits_tls;
};

std::unordered_map<const ngx_listening_t*, Guarded> guarded;

}  // namespace

/* In the connection's pool. */
struct Guard {
    ngx_connection_t* connection;
    AwaitsTls awaits_tls;
    Step* step = nullptr; /* while one is running */
    bool needs_stores = false;

    /* nginx's own, while ours are in their place */
    ngx_event_handler_pt read_handler = nullptr;
    ngx_event_handler_pt write_handler = nullptr;

    bool ended = false; /* the handshake; nginx has to be called */
};

namespace {

void on_event(ngx_event_t* event);

/* A guard needs the stores while a handshake may begin. Then its record
 * does. */
void need_stores(Guard& guard, bool needs) {
    if (needs && !guard.needs_stores) {
        worker->need();
    } else if (!needs && guard.needs_stores) {
        worker->need_no_more();
    }
    guard.needs_stores = needs;
}

void on_close(void* data) {
    auto* guard = static_cast<Guard*>(data);

    need_stores(*guard, false);

    if (guard->step != nullptr) {
        guard->step->closed = true;
    }
}

Guard* find_guard(ngx_connection_t* c) {
    for (auto* cleanup = c->pool->cleanup; cleanup != nullptr;
         cleanup = cleanup->next) {
        if (cleanup->handler == on_close) {
            return static_cast<Guard*>(cleanup->data);
        }
    }
    return nullptr;
}

void put_guard(Guard& guard) {
    ngx_connection_t* c = guard.connection;

    guard.read_handler = c->read->handler;
    guard.write_handler = c->write->handler;
    c->read->handler = on_event;
    c->write->handler = on_event;
}

void lift_guard(const Guard& guard) {
    guard.connection->read->handler = guard.read_handler;
    guard.connection->write->handler = guard.write_handler;
}

bool needs_guard(const Guard& guard) {
    ngx_connection_t* c = guard.connection;

    if (c->ssl == nullptr) {
        return guard.awaits_tls(c);
    }
    return !c->ssl->handshaked && may_look_up(c->ssl->connection);
}

/* Puts the guard back if a session may still be asked for. */
bool stay(Guard& guard) {
    bool needs = needs_guard(guard);

    if (needs) {
        put_guard(guard);
    }
    need_stores(guard, needs);
    return needs;
}

/*
 * Delivers what came while the step was suspended. It follows nginx's handler
 * in an event of its own, so that it runs on nginx's stack.
 */
void post(ngx_event_t* event) {
    event->ready = 1;
    ngx_post_event(event, &ngx_posted_events);
}

/*
 * ngx_ssl_connection_t.handler while a step runs. The handshake is complete or
 * has failed, and nginx wants to go on with the connection.
 */
void on_end(ngx_connection_t* c) {
    find_guard(c)->ended = true;
}

/* What a step needs: a guard, and an event with its handler. */
struct Entry {
    Guard* guard;
    ngx_event_t* event;
};

/*
 * A step of the handshake, in a coroutine: only OpenSSL, and nothing else of
 * nginx's.
 */
void run_step(Entry entry) noexcept {
    Guard& guard = *entry.guard;
    ngx_connection_t* c = guard.connection;
    Step step{c, true, &guard};

    guard.step = &step;
    auto handler = std::exchange(c->ssl->handler, on_end);
    entry.event->handler(entry.event);
    c->ssl->handler = handler;
    guard.step = nullptr;

    bool goes_on = stay(guard);
    if (guard.ended && !goes_on) {
        put_guard(guard);
    }
    if (guard.ended || step.read_noted) {
        post(c->read);
    }
    if (step.write_noted) {
        post(c->write);
    }
}

/* Logs that stacks have run out, and that there are some again. */
void report_stacks(bool available, ngx_err_t err) {
    static bool reported;

    if (available != reported) {
        return;
    }
    reported = !available;

    if (available) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "remote_ssl_session_cache: coroutines can be started "
                      "again");
    } else {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "remote_ssl_session_cache: no stack for a coroutine, "
                      "sessions are not looked up");
    }
}

void start_step(Guard& guard, ngx_event_t* event);

/*
 * Runs what nginx does on its own stack: everything before TLS, up to the
 * beginning of the handshake. If nginx has asked for events only now, they will
 * report what there is to read. If it did so before, earlier data is not
 * reported again.
 */
template <typename Call>
void run_outside(Guard& guard, Call call) {
    Step step{guard.connection, false, &guard};

    guard.step = &step;
    call();
    if (step.closed) {
        return;
    }
    guard.step = nullptr;

    if (step.begun && step.at_hand) {
        start_step(guard, guard.connection->read);
    } else {
        stay(guard);
    }
}

/* If there is no stack, the step runs without a coroutine, and does not
 * wait. */
void start_step(Guard& guard, ngx_event_t* event) {
    Entry entry{&guard, event};
    bool started = start_coroutine(
        {[](void* data) noexcept { run_step(*static_cast<Entry*>(data)); },
         &entry});

    if (!started) {
        run_outside(guard, [event] { event->handler(event); });
    }
}

/* Whether the connection's time is up, it has failed, or nginx wants to close
 * it. */
bool is_over(const Step& step) {
    ngx_connection_t* c = step.connection;

    return step.cancelled || c->read->timedout || c->write->timedout ||
           c->close || c->error;
}

void note_event(Step& step, ngx_event_t* event) {
    /* if events are level-triggered, this one must not come again */
    if (event->write) {
        step.write_noted = true;
        (void)ngx_handle_write_event(event, 0);
    } else {
        step.read_noted = true;
        (void)ngx_handle_read_event(event, 0);
    }

    if (is_over(step)) {
        worker->scheduler().wake(step.wait, coro::Wake::cancelled);
    }
}

/*
 * The handler of a guarded connection's events. While a step is suspended,
 * nothing is let in.
 */
void on_event(ngx_event_t* event) {
    auto* c = static_cast<ngx_connection_t*>(event->data);
    Guard& guard = *find_guard(c);

    if (guard.step != nullptr) {
        note_event(*guard.step, event);
        return;
    }

    lift_guard(guard);
    if (guard.ended) {
        c->ssl->handler(c);
    } else if (c->ssl != nullptr) {
        start_step(guard, event);
    } else {
        run_outside(guard, [event] { event->handler(event); });
    }
}

/* Null if memory is short. */
Guard* add_guard(ngx_connection_t* c, AwaitsTls awaits_tls) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(c->pool, sizeof(Guard));
    if (cleanup == nullptr) {
        return nullptr;
    }

    cleanup->handler = on_close;
    auto* guard = new (cleanup->data) Guard{c, awaits_tls};
    need_stores(*guard, true);
    return guard;
}

/* The handler of a guarded listening socket. */
void on_accept(ngx_connection_t* c) {
    const Guarded& listening = guarded.at(c->listening);

    Guard* guard = add_guard(c, listening.awaits_tls);
    if (guard == nullptr) {
        listening.handler(c);
        return;
    }

    run_outside(*guard, [c, &listening] { listening.handler(c); });
}

/*
 * Keeps a worker that wants to exit alive while steps are suspended. They may
 * have no timer of nginx's yet, and the stores' timers are cancelable.
 */
class Hold {
  public:
    void begin() {
        worker->tally().suspended.set(++suspended_);
        if (suspended_ == 1) {
            event_.handler = [](ngx_event_t* event) { set(event); };
            event_.log = ngx_cycle->log;
            event_.data = &event_connection_;
            set(&event_);
        }
    }

    void end() {
        worker->tally().suspended.set(--suspended_);
        if (suspended_ == 0) {
            ngx_del_timer(&event_);
        }
    }

  private:
    static void set(ngx_event_t* event) { ngx_add_timer(event, 60000); }

    ngx_uint_t suspended_ = 0;
    ngx_event_t event_{};
    ngx_connection_t event_connection_{};
};

Hold hold;

/*
 * Whether the client has closed. epoll reports that. For poll and select it is
 * just something to read. (QUIC clients share a socket.)
 */
bool is_gone(ngx_connection_t* c) {
    if (c->read->pending_eof) {
        return true;
    }

    char byte = 0;
    return c->type != SOCK_DGRAM && recv(c->fd, &byte, 1, MSG_PEEK) == 0;
}

/* The step in which the connection is, or null. */
Step* find_step(ngx_connection_t* c) {
    if (c->type == SOCK_DGRAM) {
        return find_quic_step(c);
    }

    Guard* guard = find_guard(c);
    return guard != nullptr ? guard->step : nullptr;
}

}  // namespace

/*
 * After a HelloRetryRequest, the ClientHello to come is the second one. It
 * differs from the client's last flight in that no key share was accepted yet.
 * If none is needed (psk_ke), the server has not finished its own flight yet.
 */
bool may_look_up(SSL* ssl) {
    switch (SSL_get_state(ssl)) {
    case TLS_ST_BEFORE:
    case TLS_ST_SR_CLNT_HELLO:
        return true;
    case TLS_ST_OK:
        return false;
    default:
        break;
    }

    if (SSL_version(ssl) < TLS1_3_VERSION ||
        SSL_get_finished(ssl, nullptr, 0) != 0) {
        return false;
    }

    EVP_PKEY* key_share = nullptr;
    if (SSL_get_peer_tmp_key(ssl, &key_share) != 1) {
        return true;
    }
    EVP_PKEY_free(key_share);
    return false;
}

bool start_coroutine(coro::Callback entry) {
    bool started = worker->scheduler().start(entry);

    report_stacks(started, ngx_errno);
    return started;
}

/*
 * OpenSSL is about to read the ClientHello, and is kept from it, so that the
 * next step, which runs in a coroutine, does nothing else of nginx's.
 */
void begin_in_coroutine(ngx_connection_t* c) {
    Guard* guard = find_guard(c);

    if (guard == nullptr || guard->step == nullptr ||
        guard->step->in_coroutine) {
        return;
    }

    guard->step->begun = refuse_first_read(c);
    guard->step->at_hand = c->read->ready || c->read->active;
}

void guard_listening(ngx_listening_t* listening, AwaitsTls awaits_tls) {
    guarded.insert_or_assign(listening,
                             Guarded{listening->handler, awaits_tls});
    listening->handler = on_accept;
}

void guard_connection(ngx_connection_t* c, AwaitsTls awaits_tls) {
    Guard* guard = find_guard(c);

    if (guard == nullptr) {
        guard = add_guard(c, awaits_tls);
    }
    if (guard == nullptr) {
        return;
    }

    guard->awaits_tls = awaits_tls;
    need_stores(*guard, true);
    if (guard->step == nullptr) { /* otherwise it is put back after the step */
        put_guard(*guard);
    }
}

/*
 * OpenSSL's error queue belongs to the thread, not to the coroutine. Nobody
 * must find our errors while we are suspended, and we must not find theirs
 * afterwards.
 */
Suspension::Suspension(ngx_connection_t* c) noexcept : step_(nullptr) {
    Step* step = find_step(c);

    if (step == nullptr || !step->in_coroutine || is_over(*step)) {
        return;
    }

    /* nobody is left who needs one more answer */
    if (step->waited && is_gone(c)) {
        return;
    }

    step_ = step;
    step_->waited = true;
    step_->wait = coro::next_wait();
    if (step_->guard != nullptr) {
        put_guard(*step_->guard);
    }
    hold.begin();
    backends::tls::clear_errors();
}

Suspension::~Suspension() {
    if (step_ == nullptr) {
        return;
    }

    backends::tls::clear_errors();
    hold.end();
    if (step_->guard != nullptr) {
        lift_guard(*step_->guard);
    } else {
        resume_quic(*step_);
    }
}

}  // namespace session_cache
