#include "module/quic.hpp"

#if (NGX_HAVE_QUIC_SUSPEND)

#include "module/worker.hpp"

#include <new>
#include <unordered_map>

namespace session_cache {

namespace {

struct QuicStep : Step {
    bool suspended = false; /* at least once */
};

/*
 * Those under way. A connection cannot go while it is in one: nginx closes it
 * afterwards.
 */
std::unordered_map<const ngx_connection_t*, QuicStep*> steps;

/* What nginx wants to be run, on the stack of its call. */
struct Entry {
    ngx_connection_t* connection;
    ngx_quic_step_pt handshake;
    ngx_quic_step_done_pt done;
    ngx_int_t result = NGX_AGAIN; /* it was suspended */
};

/*
 * In a coroutine. The entry is gone when the step was suspended, and nginx is
 * to be told its result. What was refused below is offered again with the
 * tickets, which are made in a later step.
 */
void run_step(Entry& entry) noexcept {
    ngx_connection_t* c = entry.connection;
    ngx_quic_step_pt handshake = entry.handshake;
    ngx_quic_step_done_pt done = entry.done;
    SSL* ssl = c->ssl->connection;
    auto early_data = SSL_get_max_early_data(ssl);
    QuicStep step{{c, true}};

    steps.at(c) = &step;
    ngx_int_t result = handshake(c);
    steps.erase(c);

    if (!step.suspended) {
        entry.result = result;
        return;
    }

    SSL_set_max_early_data(ssl, early_data);
    done(c, result);
}

bool start_step(Entry& entry) {
    try {
        steps.emplace(entry.connection, nullptr);
    } catch (const std::bad_alloc&) {
        return false;
    }

    bool started = start_coroutine(
        {[](void* data) noexcept { run_step(*static_cast<Entry*>(data)); },
         &entry});

    if (!started) {
        steps.erase(entry.connection);
    }
    return started;
}

ngx_int_t run(ngx_connection_t* c, ngx_quic_step_pt handshake,
              ngx_quic_step_done_pt done) noexcept {
    Entry entry{c, handshake, done};

    if (!may_look_up(c->ssl->connection) || !start_step(entry)) {
        return handshake(c);
    }

    if (entry.result == NGX_AGAIN) {
        steps.at(c)->suspended = true;
    }
    return entry.result;
}

void cancel(ngx_connection_t* c) noexcept {
    worker->scheduler().wake(steps.at(c)->wait, coro::Wake::cancelled);
}

ngx_quic_steps_t quic_steps = {run, cancel};

}  // namespace

void guard_quic() {
    ngx_quic_steps = &quic_steps;
}

Step* find_quic_step(ngx_connection_t* c) {
    auto step = steps.find(c);
    return step != steps.end() ? step->second : nullptr;
}

/*
 * nginx drops packets with early data as long as there is no key for them. A
 * client that is refused its early data sends it again with the end of the
 * handshake; one that was promised it has to find out first that packets were
 * lost.
 */
void resume_quic(Step& step) {
    if (static_cast<QuicStep&>(step).suspended) {
        SSL_set_max_early_data(step.connection->ssl->connection, 0);
    }
}

}  // namespace session_cache

#else

namespace session_cache {

void guard_quic() {}

Step* find_quic_step(ngx_connection_t* /* c */) {
    return nullptr;
}

void resume_quic(Step& /* step */) {}

}  // namespace session_cache

#endif
