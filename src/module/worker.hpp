/*
 * The module's state in a worker process: the scheduler of coroutines on
 * nginx's event loop, and a client for each store.
 */

#pragma once

#include "backends/store.hpp"
#include "backends/trouble.hpp"
#include "coro/coroutine.hpp"
#include "coro/ngx_loop.hpp"
#include "coro/stack_pool.hpp"
#include "module/figures.hpp"
#include "module/fleet_keys.hpp"
#include "module/ngx.hpp"
#include "module/remote.hpp"
#include "module/resolver.hpp"
#include "tickets/keyring.hpp"

#include <array>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace session_cache {

class Worker {
  public:
    /* `figures` is the result of find_figures(). */
    explicit Worker(ngx_shm_zone_t* figures);

    /*
     * The client of a directive's store, owned by the worker. It connects at
     * once. Directives with equal parameters share one, with the `resolver` of
     * the first of them, which may be null. May throw std::bad_alloc.
     */
    backends::Store* store(const Remote& remote, ngx_resolver_t* resolver);

    /*
     * The ticket keys of a directive, owned by the worker. Equal directives
     * share them. `lifetime` is that of tickets at the server that asks. May
     * throw std::bad_alloc.
     */
    tickets::Keyring* keyring(const Remote& remote, backends::Store& store,
                              std::chrono::seconds lifetime);

    coro::Scheduler& scheduler() noexcept { return scheduler_; }
    Tally& tally() noexcept { return figures_.tally(); }
    void begin_minute() noexcept { figures_.begin_minute(); }

    /* The figures of all workers. May throw std::bad_alloc. */
    Snapshot snapshot() const;

    /*
     * need() says that a handshake may begin or is under way. The stores'
     * connections are then kept, even if nginx wants the worker to exit. Each
     * need() must be followed by one need_no_more().
     */
    void need() noexcept;
    void need_no_more() noexcept;

    /* Whether no stored value was refused for this reason recently. */
    bool is_news(Refusal refusal);

    /*
     * Closes the stores' connections before nginx looks for open ones. May be
     * called again.
     */
    void close() noexcept;

  private:
    struct Client {
        StoreParameters parameters;
        std::unique_ptr<backends::Store> store;
    };

    backends::Store* client(const Remote& remote, ngx_resolver_t* resolver);
    std::vector<KeyInfo> keys() const;
    void on_started() noexcept;
    void on_connected() noexcept;
    void compare_keys() noexcept;

    backends::Resolver* resolver(ngx_resolver_t* resolver);
    bool is_needed() const noexcept { return !ngx_exiting || needs_ != 0; }
    void reconsider() noexcept;
    std::unique_ptr<backends::Store> connect(const Remote& remote,
                                             ngx_resolver_t* resolver);
    std::unique_ptr<backends::Store>
    connect_ring(const Remote& remote, const backends::Options& options);
    std::unique_ptr<backends::Store>
    connect_redis(const backends::Server& server, backends::Options options);
    std::unique_ptr<backends::Store> connect_master(const Remote& remote,
                                                    backends::Options options);
    std::unique_ptr<backends::Store> connect_cluster(const Remote& remote,
                                                     backends::Options options);

    /* Meters for the nodes of clusters, which come and go. */
    class NodeMeters final : public backends::Meters {
      public:
        explicit NodeMeters(Figures& figures) : figures_(figures) {}

        backends::Meter& take(const std::string& name) override {
            return figures_.meter({"redis", name});
        }
        void give_back(backends::Meter& meter) noexcept override {
            figures_.give_back(meter);
        }

      private:
        Figures& figures_;
    };

    Figures figures_;
    NodeMeters node_meters_{figures_};
    coro::NgxLoop loop_;
    coro::StackPool stacks_;
    coro::Scheduler scheduler_;
    std::unique_ptr<coro::Task> started_; /* runs when all stores exist */
    std::map<ngx_resolver_t*, Resolver> resolvers_;
    std::vector<Client> clients_;
    std::list<FleetKeys> fleets_; /* elements must not move, as below */
    std::list<tickets::Keyring> keyrings_;
    std::array<backends::Trouble, n_refusals> refusals_{};
    std::size_t needs_ = 0;
    bool closed_ = false;
};

/*
 * The process's worker. Null in the master, in helper processes, and if no
 * server uses the module. It lives until the process ends, because coroutines
 * may still be suspended, and a suspended coroutine is never destroyed.
 */
extern Worker* worker;

}  // namespace session_cache
