/*
 * Keeps a worker's knowledge of a Redis Cluster. It asks for the slots when
 * that is due, in a coroutine of its own.
 */

#pragma once

#include "backends/journal.hpp"
#include "backends/random.hpp"
#include "backends/redis/node_table.hpp"
#include "backends/redis/refresh.hpp"
#include "backends/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace backends::redis {

class Keeper {
  public:
    struct Terms {
        std::chrono::milliseconds timeout; /* of each question */
        std::function<bool()> wanted;      /* as in Options, */
        Resolver* resolver;                /* likewise */
        Meter& meter; /* its state says whether all slots are served */
    };

    /* `table` has to outlive it. Throws std::bad_alloc. */
    Keeper(coro::Scheduler& scheduler, NodeTable& table,
           std::vector<Server> seeds, Terms terms, Log log);

    /* Begins in a coroutine. Returns false if none can be started. */
    bool start() noexcept;

    /* Whether a topology has come. */
    bool knows() const noexcept { return knows_; }

    /* Called at the end of each attempt. */
    std::function<void()> tried{};

    /* A node has connected, is lost, or has answered. */
    void changed(const ClusterNode& client) noexcept;

    /* A node cannot serve. Others are asked first, and soon. */
    void refused(ClusterNode& client) noexcept;

    /* A slot is at another node. */
    void moved() noexcept;

    /* The result of Options::wanted may have changed. */
    void reconsider() noexcept { wake(); }

    void close() noexcept;

  private:
    void run() noexcept;
    void refresh() noexcept;
    bool ask_nodes();
    bool ask_seeds();
    void look_up(Server& seed);
    bool ask_seed(Server& seed);
    bool ask(Node& node, coro::Time deadline);
    bool await_answer(ClusterNode& client, coro::Time deadline) noexcept;
    void adopt(const Topology& topology, const Node& told_by);
    std::vector<Node*> candidates();
    void tell(bool told) noexcept;
    void note_state() noexcept;
    void pause(coro::Time until) noexcept;
    void wake() noexcept;

    coro::Time now() const noexcept { return scheduler_.loop().now(); }
    bool wanted() const noexcept {
        return terms_.wanted == nullptr || terms_.wanted();
    }

    coro::Scheduler& scheduler_;
    NodeTable& table_;
    std::vector<Server> seeds_;
    Terms terms_;
    Journal journal_;
    Random random_;
    Refresh refresh_;
    std::string why_not_; /* why no seed has answered */
    bool knows_ = false;
    bool told_ = false; /* at the last attempt */
    bool closing_ = false;
    std::optional<coro::Waker> paused_;
    std::optional<coro::Waker> looking_; /* the wait for a name */
};

}  // namespace backends::redis
