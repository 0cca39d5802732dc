/*
 * nginx's event loop as coro::Loop. Its timers are cancelable, and its
 * connections are not clients of nginx, so neither keeps a worker that wants to
 * exit. When the worker begins to exit, each Watch is called back. The owner of
 * a Watch has to close it before the worker looks for open connections
 * (ngx_worker_process_exit() runs the exit_process hooks, then looks).
 */

#pragma once

#include "coro/loop.hpp"

namespace coro {

class NgxLoop : public Loop {
  public:
    Time now() const noexcept override;
    std::unique_ptr<Task> make_task(Callback callback) override;
    std::unique_ptr<Timer> make_timer(Callback callback) override;
    std::unique_ptr<Watch> watch(int fd, Callback callback) override;
};

}  // namespace coro
