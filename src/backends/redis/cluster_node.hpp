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

    /* Whom it tells what it hears. */
    class Listener {
      public:
        virtual ~Listener() = default;

        /* It has connected or is lost, or has said which slots there are. */
        virtual void changed(ClusterNode& node) noexcept = 0;

        /* It has said that it cannot serve. */
        virtual void refused(ClusterNode& node) noexcept = 0;

        /*
         * It has sent a request elsewhere, which is taken over, with who waits
         * for it. False: it is left as it was, and fails.
         */
        virtual bool pass_on(ClusterNode& node, const Redirect& redirect,
                             Request& request) noexcept = 0;
    };

    /* `listener` has to outlive it. Throws std::bad_alloc. */
    ClusterNode(coro::Scheduler& scheduler, Options options, Log log,
                Listener& listener);

    /* Asks which slots there are. False: memory is short. */
    bool ask_slots() noexcept;

    /* What it has answered, once; nothing: it has not, or does not know. */
    std::optional<Topology> take_topology() noexcept;

    /* Whether ask_slots() has been answered, or will not be. */
    bool has_answered() const noexcept { return !asked_slots_; }

    /* No more requests will come: it disconnects when it owes no answer. */
    void retire() noexcept;
    void revive() noexcept;
    bool retired() const noexcept { return retired_; }

    /* Whether it owes no answer. */
    bool idle() const noexcept;

    /* Whether it is connected, or it is too soon to say that it is not. */
    bool may_serve() const noexcept { return up() || starting(); }

    /* Whether it could not be connected to, or was lost, since it was made. */
    bool has_failed() const noexcept { return failed_; }

    /* When it was last sent what it does not own yet. */
    coro::Time last_asked{-std::chrono::hours(1)};

    /* Until when others are asked first which slots there are. */
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
