#include "module/handshake.hpp"
#include "backends/tls.hpp"
#include "module/quic.hpp"
#include "module/worker.hpp"

#include <cerrno>
#include <unordered_map>

namespace session_cache {

namespace {

struct Guarded {
    ngx_connection_handler_pt handler; /* nginx's own */
    AwaitsTls awaits_tls;
    Begins begins;
};

std::unordered_map<const ngx_listening_t*, Guarded> guarded;

}  // namespace

/* In the connection's pool. */
struct Guard {
    ngx_connection_t* connection;
    AwaitsTls awaits_tls;
    Step* step = nullptr; /* while one is under way */
    bool needs_stores = false;

    /* nginx's own, while ours are in their place */
    ngx_event_handler_pt read_handler = nullptr;
    ngx_event_handler_pt write_handler = nullptr;
};

namespace {

/* What a step begins with: an event's handler or, without one, an accept. */
struct Entry {
    Guard* guard;
    ngx_event_t* event;
    ngx_connection_handler_pt accept;
    bool in_coroutine;
};

void on_event(ngx_event_t* event);

/* As long as a handshake may begin, or goes on to where its record tells. */
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

/*
 * Takes an event that came while the step was suspended, as one that has
 * come just now; null: there is none (left).
 */
ngx_event_t* take_noted(Step& step) {
    ngx_connection_t* c = step.connection;

    if (step.read_noted) {
        step.read_noted = false;
        c->read->ready = 1;
        return c->read;
    }

    if (step.write_noted) {
        step.write_noted = false;
        c->write->ready = 1;
        return c->write;
    }
    return nullptr;
}

/* Runs nginx's handler, then those of the events that came meanwhile. */
void run_step(Entry entry) noexcept {
    Guard& guard = *entry.guard;
    Step step{guard.connection, entry.in_coroutine, &guard};

    guard.step = &step;

    if (entry.event == nullptr) {
        entry.accept(guard.connection);
    } else {
        lift_guard(guard);
        entry.event->handler(entry.event);
    }

    while (!step.closed) {
        ngx_event_t* event = take_noted(step);
        if (event == nullptr) {
            break;
        }
        event->handler(event);
    }

    if (step.closed) {
        return;
    }

    guard.step = nullptr;

    bool needs = needs_guard(guard);
    if (needs) {
        put_guard(guard);
    }
    need_stores(guard, needs);
}

/* Logs that stacks ran out, and that there are some again. */
void report_stacks(bool available, ngx_err_t err) {
    static bool reported;

    if (available != reported) {
        return;
    }
    reported = !available;

    if (available) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "remote_ssl_session_cache: coroutines can be started "
                      "again");
    } else {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "remote_ssl_session_cache: no stack for a coroutine, "
                      "sessions are not looked up");
    }
}

void start_step(Entry entry) {
    bool started = start_coroutine(
        {[](void* data) noexcept { run_step(*static_cast<Entry*>(data)); },
         &entry});

    if (!started) {
        entry.in_coroutine = false;
        run_step(entry);
    }
}

/*
 * The handler of a guarded connection's events. While a step is suspended
 * nobody is let in.
 */
void on_event(ngx_event_t* event) {
    auto* c = static_cast<ngx_connection_t*>(event->data);
    Guard& guard = *find_guard(c);
    Step* step = guard.step;

    if (step == nullptr) {
        start_step({&guard, event, nullptr, true});
        return;
    }

    /* where events are level-triggered, this one must not come again */
    if (event->write) {
        step->write_noted = true;
        (void)ngx_handle_write_event(event, 0);
    } else {
        step->read_noted = true;
        (void)ngx_handle_read_event(event, 0);
    }

    if (event->timedout || c->close || c->error) {
        worker->scheduler().wake(step->wait, coro::Wake::cancelled);
    }
}

/* Null: memory is short. */
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

/*
 * The handler of a guarded listening socket. Where nginx only sets the
 * connection up, that needs no coroutine.
 */
void on_accept(ngx_connection_t* c) {
    const Guarded& listening = guarded.at(c->listening);

    Guard* guard = add_guard(c, listening.awaits_tls);
    if (guard == nullptr) {
        listening.handler(c);
        return;
    }

    /* data is at hand with a deferred accept */
    Entry entry{guard, nullptr, listening.handler,
                listening.begins == Begins::at_once || c->read->ready != 0};
    if (entry.in_coroutine) {
        start_step(entry);
    } else {
        run_step(entry);
    }
}

/*
 * Keeps a worker that is to exit as long as steps are suspended: they may
 * have no timer of nginx's yet, and the stores' are cancelable.
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

/* The step that the connection is in, or null. */
Step* find_step(ngx_connection_t* c) {
    if (c->type == SOCK_DGRAM) {
        return find_quic_step(c);
    }

    Guard* guard = find_guard(c);
    return guard != nullptr ? guard->step : nullptr;
}

}  // namespace

/*
 * After a HelloRetryRequest that is the second one; what tells it from the
 * client's last flight is that no key share was accepted yet.
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

    if (SSL_version(ssl) < TLS1_3_VERSION) {
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

void guard_listening(ngx_listening_t* listening, AwaitsTls awaits_tls,
                     Begins begins) {
    guarded.insert_or_assign(listening,
                             Guarded{listening->handler, awaits_tls, begins});
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
    if (guard->step == nullptr) { /* or else it is put back after the step */
        put_guard(*guard);
    }
}

/*
 * OpenSSL's error queue is the thread's, not the coroutine's: nobody shall
 * find ours while we are suspended, nor we theirs after it.
 */
Suspension::Suspension(ngx_connection_t* c) noexcept : step_(nullptr) {
    Step* step = find_step(c);

    if (step == nullptr || !step->in_coroutine) {
        return;
    }

    step_ = step;
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
