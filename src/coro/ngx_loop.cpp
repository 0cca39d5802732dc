#include "coro/ngx_loop.hpp"

#include <ctime>
#include <new>
#include <utility>

extern "C" {
#include <ngx_config.h>

#include <ngx_core.h>
#include <ngx_event.h>
}

namespace coro {

namespace {

/* An nginx event that belongs to none of nginx's connections. */
class Event {
  public:
    explicit Event(Callback callback) noexcept : callback_(callback) {
        dummy_.fd = -1; /* ngx_event_ident() is logged for timers */
        event_.data = &dummy_;
        event_.log = ngx_cycle->log;
        event_.cancelable = 1;
        event_.handler = [](ngx_event_t* event) {
            static_cast<Event*>(
                static_cast<ngx_connection_t*>(event->data)->data)
                ->callback_();
        };
        dummy_.data = this;
    }

    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

  protected:
    Callback callback_;
    ngx_event_t event_{};

  private:
    ngx_connection_t dummy_{};
};

class NgxTask : public Task, private Event {
  public:
    explicit NgxTask(Callback callback) noexcept
        : Event({run, this}), task_(callback) {}

    ~NgxTask() override {
        if (event_.posted) {
            ngx_delete_posted_event(&event_);
        }
    }

    void post() noexcept override {
        if (running_) {
            post_next();
        } else {
            ngx_post_event(&event_, &ngx_posted_events);
        }
    }

    void post_next() noexcept override {
        ngx_post_event(&event_, &ngx_posted_next_events);
    }

  private:
    static void run(void* data) noexcept {
        auto& self = *static_cast<NgxTask*>(data);
        self.running_ = true;
        self.task_();
        self.running_ = false;
    }

    Callback task_;
    bool running_ = false;
};

class NgxTimer : public Timer, private Event {
  public:
    using Event::Event;

    ~NgxTimer() override { NgxTimer::cancel(); }

    void set(Time at) noexcept override {
        auto now = static_cast<Time::rep>(ngx_current_msec);
        cancel(); /* ngx_add_timer() may keep a slightly later time */
        ngx_add_timer(&event_, at.count() > now ? at.count() - now : 0);
    }

    void cancel() noexcept override {
        if (event_.timer_set) {
            ngx_del_timer(&event_);
        }
    }
};

class NgxWatch : public Watch {
  public:
    NgxWatch(ngx_connection_t* connection, Callback callback) noexcept
        : connection_(connection), callback_(callback) {
        connection->data = this;
        connection->idle = 1; /* so that nginx announces the worker's end */
        connection->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
        connection->read->log = connection->log;
        connection->write->log = connection->log;
        connection->read->handler = ready;
        connection->write->handler = ready;
    }

    NgxWatch(const NgxWatch&) = delete;
    NgxWatch& operator=(const NgxWatch&) = delete;

    /*
     * While a duplicate of the descriptor is open, to close it does not remove
     * it from epoll, as nginx assumes.
     */
    ~NgxWatch() override {
        NgxWatch::await(0);
        ngx_close_connection(connection_);
    }

    bool await(unsigned readiness) noexcept override {
        return set(connection_->read, readiness & readable,
                   ngx_handle_read_event, NGX_READ_EVENT) &&
               set(connection_->write, readiness & writable, handle_write,
                   NGX_WRITE_EVENT);
    }

    unsigned take() noexcept override { return std::exchange(ready_, 0); }

  private:
    using Handle = ngx_int_t (*)(ngx_event_t* event, ngx_uint_t flags);

    static ngx_int_t handle_write(ngx_event_t* event, ngx_uint_t /* flags */) {
        return ngx_handle_write_event(event, 0);
    }

    /*
     * Reading stays registered. Writing does not, because a Unix socket would
     * wake the worker whenever its peer has read.
     */
    static bool set(ngx_event_t* event, bool wanted, Handle handle,
                    ngx_int_t kind) noexcept {
        if (wanted) {
            event->ready = 0;
            return handle(event, 0) == NGX_OK;
        }

        if (!event->active) {
            return true;
        }

        ngx_uint_t flags = 0;
        if (ngx_event_flags & NGX_USE_CLEAR_EVENT) {
            flags = NGX_CLEAR_EVENT; /* the other one stays registered */
        }
        return ngx_del_event(event, kind, flags) == NGX_OK;
    }

    /*
     * A level-triggered event (poll, select) would come in every turn until
     * somebody reads. So it comes again only when it is awaited.
     */
    static void ready(ngx_event_t* event) {
        auto* connection = static_cast<ngx_connection_t*>(event->data);
        auto& self = *static_cast<NgxWatch*>(connection->data);

        if (connection->close) { /* ngx_close_idle_connections() */
            connection->close = 0;
            self.callback_();
            return;
        }

        if ((ngx_event_flags & NGX_USE_LEVEL_EVENT) && event->active) {
            ngx_del_event(event,
                          event->write ? NGX_WRITE_EVENT : NGX_READ_EVENT,
                          NGX_LEVEL_EVENT);
        }

        self.ready_ |= event->write ? writable : readable | end_of(event);
        self.callback_();
    }

    /*
     * As in ngx_unix_recv(). With an epoll that cannot report the end, each
     * event may be the end. A level-triggered event comes again.
     */
    static unsigned end_of(const ngx_event_t* event) noexcept {
        bool is_told = !(ngx_event_flags & NGX_USE_EPOLL_EVENT);
#if (NGX_HAVE_EPOLLRDHUP)
        is_told = is_told || ngx_use_epoll_rdhup != 0;
#endif
        return event->pending_eof || !is_told ? ended : 0U;
    }

    ngx_connection_t* connection_;
    Callback callback_;
    unsigned ready_ = 0;
};

}  // namespace

/*
 * The clock of ngx_current_msec. nginx reads it at most once a turn, and with
 * "timer_resolution" only at intervals. A deadline computed from that copy
 * would come too early.
 */
Time NgxLoop::now() const noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::duration_cast<Time>(
        std::chrono::seconds(now.tv_sec) +
        std::chrono::nanoseconds(now.tv_nsec));
}

std::unique_ptr<Task> NgxLoop::make_task(Callback callback) {
    return std::make_unique<NgxTask>(callback);
}

std::unique_ptr<Timer> NgxLoop::make_timer(Callback callback) {
    return std::make_unique<NgxTimer>(callback);
}

std::unique_ptr<Watch> NgxLoop::watch(int fd, Callback callback) {
    ngx_connection_t* connection = ngx_get_connection(fd, ngx_cycle->log);

    if (connection == nullptr) {
        ngx_close_socket(fd);
        return nullptr;
    }

    auto* watch = new (std::nothrow) NgxWatch(connection, callback);
    if (watch == nullptr) {
        ngx_close_connection(connection);
    }
    return std::unique_ptr<Watch>(watch);
}

}  // namespace coro
