/*
 * The client of one server of a Redis Cluster.
 */

#pragma once

#include "backends/redis/redis.hpp"
#include "backends/redis/slots.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace backends::redis {

class ClusterNode final : public Redis {
  public:
    using Client::address;
    using Client::change;
    using Client::claim_of;
    using Client::closing;
    using Client::ended;
    using Client::is_awaited;
    using Client::Request;
    using Client::submit;
    using Client::take_over;
    using Client::up;
    using Pipeline::footing;

    /* Receives what the node reports. */
    class Listener {
      public:
        virtual ~Listener() = default;

        /* The node has connected or is lost, or has answered with the slots. */
        virtual void changed(ClusterNode& node) noexcept = 0;

        /* The node has said that it cannot serve. */
        virtual void refused(ClusterNode& node) noexcept = 0;

        /*
         * The node has redirected a request. Takes the request over, with
         * everyone who waits for it. If it returns false, the request is
         * unchanged, and fails.
         */
        virtual bool pass_on(ClusterNode& node, const Redirect& redirect,
                             Request& request) noexcept = 0;
    };

    /* `listener` has to outlive it. Throws std::bad_alloc. */
    ClusterNode(coro::Scheduler& scheduler, Options options, Log log,
                Listener& listener);

    /* Asks for the slots. Returns false if memory is short. */
    bool ask_slots() noexcept;

    /* Returns its answer, once. Nothing if there is none, or if it does not
     * know. */
    std::optional<Topology> take_topology() noexcept;

    /* Whether ask_slots() has been answered, or will not be. */
    bool has_answered() const noexcept { return !asked_slots_; }

    /* No more requests will come, so it disconnects when it owes no answer. */
    void retire() noexcept;
    void revive() noexcept;
    bool retired() const noexcept { return retired_; }

    /* Whether it owes no answer. */
    bool idle() const noexcept;

    /* Whether it is connected, or is still making its first attempt. */
    bool may_serve() const noexcept { return up() || starting(); }

    /* Whether it could not be connected to or was lost since it was made. */
    bool has_failed() const noexcept { return failed_; }

    /* When it was last asked for a key that it does not own yet. */
    coro::Time last_asked{-std::chrono::hours(1)};

    /* Until when other nodes are asked for the slots first. */
    coro::Time distrusted_until{-std::chrono::hours(1)};

  private:
    static Options own(Options options, ClusterNode* self);

    void format(const Request& request, Command& command) override;
    void expect(const Command& command, Parser& parser) const noexcept override;
    Loss handle(const redisReply& reply) override;
    void forget() noexcept override;

    Loss handle_error(const redisReply& reply);
    Loss redirect(const Redirect& redirect, const redisReply& reply);
    static Request request_of(Command& command) noexcept;

    Listener& listener_;
    bool retired_ = false;
    bool failed_ = false;
    bool asked_slots_ = false;
    std::optional<Topology> topology_;
};

}  // namespace backends::redis
