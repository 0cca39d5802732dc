/*
 * What the module keeps in a worker process: the coroutines' scheduler on
 * nginx's event loop, and a client for each store.
 */

#pragma once

#include "backends/store.hpp"
#include "coro/coroutine.hpp"
#include "coro/ngx_loop.hpp"
#include "coro/stack_pool.hpp"
#include "module/directive.hpp"
#include "module/ngx.hpp"
#include "module/resolver.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace session_cache {

/* How lookups ended, since the worker's start. */
struct Counters {
    std::uint64_t hit = 0;
    std::uint64_t miss = 0;
    std::uint64_t unavailable = 0;
    std::uint64_t refused = 0;
    std::uint64_t invalid = 0; /* there, but not to be believed */
};

class Worker {
  public:
    /* `resolver` is nginx's, or null where none is configured. */
    explicit Worker(ngx_resolver_t* resolver);

    /*
     * The client of the store on `servers`, over TLS where there is a
     * context for it: equal parameters share one.
     * It connects at once. Null when memory or stacks are short. Owned by
     * the worker.
     */
    backends::Store* store(const StoreParameters& parameters,
                           const std::vector<backends::Server>& servers,
                           const std::shared_ptr<SSL_CTX>& tls);

    coro::Scheduler& scheduler() noexcept { return scheduler_; }
    Counters& counters() noexcept { return counters_; }

    /* Closes the stores' connections, before nginx looks for open ones. */
    void close() noexcept;

  private:
    struct Client {
        StoreParameters parameters;
        std::unique_ptr<backends::Store> store;
    };

    coro::NgxLoop loop_;
    coro::StackPool stacks_;
    coro::Scheduler scheduler_;
    std::optional<Resolver> resolver_;
    std::vector<Client> clients_;
    Counters counters_;
};

/*
 * The process's worker; null in the master, in helper processes and where
 * no server uses the module. It lives until the process ends: coroutines
 * may be suspended then, and a suspended coroutine is never destroyed.
 */
inline Worker* worker = nullptr;

}  // namespace session_cache
