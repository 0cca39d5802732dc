/*
 * Redis' Sentinels as a Resolver. The name is that of a master, and they know
 * where it is.
 */

#pragma once

#include "backends/random.hpp"
#include "backends/redis/endpoint.hpp"
#include "backends/redis/talk.hpp"
#include "backends/store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace backends::redis {

class Sentinels final : public Resolver {
  public:
    /* How many may be learned from others: far more than anybody has. */
    static constexpr std::size_t max_learned = 32;

    /* The time over which thousands of workers that lose their master together
     * ask the Sentinels. */
    static constexpr coro::Time spread{1000};

    /* The shortest time between two questions of a worker, up to twice as long
     * at random. Otherwise a client that has lost its master would ask at each
     * attempt. */
    static constexpr coro::Time pause{500};

    /* How often they are asked about each other. */
    static constexpr coro::Time lesson{60'000};

    /* `options` has to outlive this. Its TLS, times and resolver are also for
     * the Sentinels. Throws std::bad_alloc. */
    Sentinels(coro::Scheduler& scheduler, const Options& options,
              const Watch& watch);

    /*
     * Asks one after the other until one knows where the master is. The order
     * is random, but those that did not answer the last time come last. A
     * recent answer is returned again. `port` is ignored: the answer has the
     * master's.
     */
    Resolved resolve(std::string master, std::uint16_t port,
                     coro::Time deadline) override;

    /* Ends all questions, also later ones. */
    void close() noexcept override;

  private:
    struct Sentinel {
        Server server;
        bool is_learned = false;
        bool is_silent = false; /* at the last question */
    };

    /* A call of resolve(), in its frame, because others may change the
     * Sentinels. */
    struct Asking;

    coro::Time now() const noexcept { return scheduler_.loop().now(); }
    std::vector<Server> in_order();
    Sentinel* find(const std::string& name) noexcept;
    Resolved ask_all(Asking& asking);
    Resolved ask(Asking& asking, Server& sentinel);
    Resolved ask_at(Asking& asking, const Server& sentinel,
                    const Address& address);
    Resolved find_master(Asking& asking, const redisReply& reply);
    Resolved look_up(Asking& asking, const std::string& host,
                     std::uint16_t port);
    void learn(Talk& talk, const std::string& master);
    void learn_of(const redisReply& sentinel);

    coro::Scheduler& scheduler_;
    const Options& options_;
    const std::string user_;
    const std::string password_;

    std::vector<Sentinel> sentinels_;
    Resolved last_;
    std::optional<coro::Time> next_; /* before this time, last_ is the answer */
    std::optional<coro::Time> learned_; /* when others were last learned of */
    std::vector<Asking*> asking_;
    bool closed_ = false;
    Random random_;
};

}  // namespace backends::redis
