/*
 * What the module keeps in a worker process: the coroutines' scheduler on
 * nginx's event loop, and a client for each store.
 */

#pragma once

#include "backends/store.hpp"
#include "backends/trouble.hpp"
#include "coro/coroutine.hpp"
#include "coro/ngx_loop.hpp"
#include "coro/stack_pool.hpp"
#include "module/directive.hpp"
#include "module/figures.hpp"
#include "module/ngx.hpp"
#include "module/resolver.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace session_cache {

class Worker {
  public:
    /*
     * `resolver` is nginx's, or null where none is configured; `figures` is
     * what add_figures() has made.
     */
    Worker(ngx_resolver_t* resolver, ngx_shm_zone_t* figures);

    /*
     * The client of the store on `servers`, over TLS where there is a
     * context for it: equal parameters share one.
     * It connects at once. Null when memory or stacks are short. Owned by
     * the worker.
     */
    backends::Store* store(const StoreParameters& parameters,
                           std::vector<backends::Server> servers,
                           const std::shared_ptr<SSL_CTX>& tls);

    coro::Scheduler& scheduler() noexcept { return scheduler_; }
    Tally& tally() noexcept { return figures_.tally(); }

    /* Whether stored values have not been refused for this of late. */
    bool is_news(Refusal refusal);

    /* Closes the stores' connections, before nginx looks for open ones. */
    void close() noexcept;

  private:
    struct Client {
        StoreParameters parameters;
        std::unique_ptr<backends::Store> store;
    };

    Figures figures_;
    coro::NgxLoop loop_;
    coro::StackPool stacks_;
    coro::Scheduler scheduler_;
    std::optional<Resolver> resolver_;
    std::vector<Client> clients_;
    std::array<backends::Trouble, n_refusals> refusals_{};
};

/*
 * The process's worker; null in the master, in helper processes and where
 * no server uses the module. It lives until the process ends: coroutines
 * may be suspended then, and a suspended coroutine is never destroyed.
 */
inline Worker* worker = nullptr;

}  // namespace session_cache
