#include "module/quic.hpp"

#if (NGX_HAVE_QUIC_SUSPEND)

#include "module/worker.hpp"

#include <new>
#include <unordered_map>

namespace session_cache {

namespace {

/* A step, and what nginx wants to run in it and after it. */
struct QuicStep : Step {
    ngx_quic_step_pt handshake;
    ngx_quic_step_done_pt done;
    ngx_int_t result = NGX_AGAIN;
    bool suspended = false; /* at least once */
    bool ended = false;
    ngx_event_t end{}; /* calls done() */
};

/*
 * The running steps. A connection cannot disappear during one: nginx closes it
 * afterwards.
 */
std::unordered_map<const ngx_connection_t*, QuicStep> steps;

/*
 * nginx goes on with the connection, up to requests, and so not on a
 * coroutine's stack.
 */
void on_end(ngx_event_t* event) {
    auto* c = static_cast<ngx_connection_t*>(event->data);
    auto step = steps.extract(c);

    step.mapped().done(c, step.mapped().result);
}

/*
 * Runs in a coroutine. Early data that is refused below is offered again with
 * the tickets, which a later step makes.
 */
void run_step(QuicStep& step) noexcept {
    SSL* ssl = step.connection->ssl->connection;
    auto early_data = SSL_get_max_early_data(ssl);

    step.result = step.handshake(step.connection);
    step.ended = true;

    if (step.suspended) {
        SSL_set_max_early_data(ssl, early_data);
        ngx_post_event(&step.end, &ngx_posted_events);
    }
}

/* Null if memory is short. */
QuicStep* make_step(ngx_connection_t* c, ngx_quic_step_pt handshake,
                    ngx_quic_step_done_pt done) {
    try {
        QuicStep& step = steps[c];
        step.connection = c;
        step.in_coroutine = true;
        step.handshake = handshake;
        step.done = done;
        step.end.handler = on_end;
        step.end.data = c;
        step.end.log = c->log;
        return &step;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

/* If there is no stack, the step runs without a coroutine, and does not
 * wait. */
ngx_int_t run(ngx_connection_t* c, ngx_quic_step_pt handshake,
              ngx_quic_step_done_pt done) noexcept {
    QuicStep* step = may_look_up(c->ssl->connection)
                         ? make_step(c, handshake, done)
                         : nullptr;
    if (step == nullptr) {
        return handshake(c);
    }

    bool started = start_coroutine(
        {[](void* data) noexcept { run_step(*static_cast<QuicStep*>(data)); },
         step});

    if (started && !step->ended) {
        step->suspended = true;
        return NGX_AGAIN;
    }

    ngx_int_t result = step->result;
    steps.erase(c);
    return started ? result : handshake(c);
}

void cancel(ngx_connection_t* c) noexcept {
    QuicStep& step = steps.at(c);

    step.cancelled = true;
    worker->scheduler().wake(step.wait, coro::Wake::cancelled);
}

ngx_quic_steps_t quic_steps = {run, cancel};

}  // namespace

void guard_quic() {
    ngx_quic_steps = &quic_steps;
}

Step* find_quic_step(ngx_connection_t* c) {
    auto step = steps.find(c);
    return step != steps.end() ? &step->second : nullptr;
}

/*
 * nginx drops packets with early data while it has no key for them. A client
 * whose early data is refused sends it again at the end of the handshake. A
 * client whose early data was accepted would first have to find out that
 * packets were lost.
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
