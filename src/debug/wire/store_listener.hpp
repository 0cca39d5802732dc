/*
 * What is asked of a store, and what it answers. Values pass unread: nothing
 * here holds a byte of one.
 */

#pragma once

#include "debug/capture/connections.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace debug {

enum class Verb { get, set, erase };

struct StoreCommand {
    static constexpr std::size_t max_key = 320; /* of a key so much is told */

    std::uint64_t id = 0;   /* unique in a run */
    std::string_view store; /* "redis" or "memcached" */
    std::string_view name;  /* as the store calls it: "GET", "SETEX" */
    Verb verb = Verb::get;
    std::string key;
    std::size_t size = 0; /* of the value, with Verb::set */
    bool answered = true; /* else no reply is wanted */
};

enum class Outcome {
    hit,
    miss,
    done,
    error,
    redirect, /* another server of the cluster is to be asked */
    away,     /* the cluster has nobody who knows, at the moment */
};

struct StoreReply {
    Outcome outcome = Outcome::done;
    std::size_t size = 0; /* of the value, with Outcome::hit */
    std::string text{};   /* an error's code */
    std::string to{};     /* who is to be asked: "10.0.0.2:6379" */
};

class StoreListener {
  public:
    virtual ~StoreListener() = default;

    virtual void asked(const Flow& flow, Time time,
                       const StoreCommand& command) = 0;
    virtual void answered(const Flow& flow, Time time, std::uint64_t id,
                          const StoreReply& reply) = 0;

    /* The connection has ended with commands unanswered, or began to. */
    virtual void disconnected(const Flow& flow, Time time, Side by) = 0;

    /* There will be no answer to be seen: the capture lacks it. */
    virtual void unseen(const Flow& flow, std::uint64_t id) = 0;

    /* It turns out to be no worker's connection: what it has asked, and has no
     * answer to, counts for nothing. */
    virtual void set_aside(const Flow& /*flow*/) {}

    /*
     * Replies are told apart by their order, of which a capture may lack the
     * beginning. Whether one of this connection's, since this was asked last,
     * cannot have been what it was taken for.
     */
    virtual bool is_doubted(const Flow& /*flow*/) { return false; }

    enum class Fit { good, odd, impossible };

    /* How a reply at this time would go with what came of a command. */
    virtual Fit fits(std::uint64_t /*id*/, Time /*time*/,
                     const StoreReply& /*reply*/) {
        return Fit::good;
    }

    /* The command's answer was another's; it has none yet. */
    virtual void reopened(const Flow& /*flow*/, std::uint64_t /*id*/) {}

    /* Commands of before may be under way, whose replies are then taken for
     * those of later ones; and that this is not so, or not any more. */
    virtual void unsure(const Flow& /*flow*/) {}
    virtual void sure(const Flow& /*flow*/) {}
};

/* Numbers commands. */
inline std::uint64_t next_command_id() noexcept {
    static std::uint64_t last = 0;
    return ++last;
}

}  // namespace debug
