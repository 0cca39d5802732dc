/*
 * Redis' Sentinels, as what resolves a name: that of a master, of which they
 * know where it is by now.
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
    /* So many may be learned of: far more than anybody has. */
    static constexpr std::size_t max_learned = 32;

    /* Within this time of the loss of a master they are asked, by each of
     * the thousands of workers that have lost it. */
    static constexpr coro::Time spread{1000};

    /* How far apart they are asked by one worker, at least, or up to twice as
     * far: a client that has lost its master would ask at each attempt. */
    static constexpr coro::Time pause{500};

    /* How old what they know of each other may get. */
    static constexpr coro::Time lesson{60'000};

    /* What `options` has of TLS, times and a resolver is the Sentinels', too,
     * and has to outlive them. Throws std::bad_alloc. */
    Sentinels(coro::Scheduler& scheduler, const Options& options,
              const Watch& watch);

    /*
     * Asks one after the other, in random order, but last those that did not
     * answer the last time, until one knows where the master is. What was
     * answered a moment ago is the answer again. `port` is the master's
     * affair.
     */
    Resolved resolve(std::string master, std::uint16_t port,
                     coro::Time deadline) override;

    /* Ends all that is asked, and whatever is asked later. */
    void close() noexcept override;

  private:
    struct Sentinel {
        Server server;
        bool is_learned = false;
        bool is_silent = false; /* when it was asked last */
    };

    /* A call of resolve(), in its frame: others may change the Sentinels. */
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
    std::optional<coro::Time> next_;    /* before it, last_ is the answer */
    std::optional<coro::Time> learned_; /* of others, the last time */
    std::vector<Asking*> asking_;
    bool closed_ = false;
    Random random_;
};

}  // namespace backends::redis
