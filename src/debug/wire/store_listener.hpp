/*
 * Commands to a store, and its replies. No byte of a value is kept.
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
    static constexpr std::size_t max_key = 320; /* bytes kept of a key */

    std::uint64_t id = 0;   /* unique in a run */
    std::string_view store; /* "redis" or "memcached" */
    std::string_view name;  /* the store's name for it: "GET", "SETEX" */
    Verb verb = Verb::get;
    std::string key;
    std::size_t size = 0; /* of the value, with Verb::set */
    bool answered = true; /* false: no reply is expected */
};

enum class Outcome {
    hit,
    miss,
    done,
    error,
    redirect, /* to another server of the cluster */
    away,     /* no server of the cluster has the slot now */
};

struct StoreReply {
    Outcome outcome = Outcome::done;
    std::size_t size = 0; /* of the value, with Outcome::hit */
    std::string text{};   /* an error's code */
    std::string to{};     /* the other server: "10.0.0.2:6379" */
};

class StoreListener {
  public:
    virtual ~StoreListener() = default;

    virtual void asked(const Flow& flow, Time time,
                       const StoreCommand& command) = 0;
    virtual void answered(const Flow& flow, Time time, std::uint64_t id,
                          const StoreReply& reply) = 0;

    /* The connection has ended, or begins to end, with unanswered commands. */
    virtual void disconnected(const Flow& flow, Time time, Side by) = 0;

    /* The reply will not be seen, because the capture lacks it. */
    virtual void unseen(const Flow& flow, std::uint64_t id) = 0;

    /* The connection turns out not to be a worker's. Its unanswered commands do
     * not count. */
    virtual void set_aside(const Flow& /*flow*/) {}

    /*
     * Replies are matched to commands by their order, and a capture may lack
     * the beginning. Returns whether, since the last call, a reply of this
     * connection has turned out to be another command's.
     */
    virtual bool is_doubted(const Flow& /*flow*/) { return false; }

    enum class Fit { good, odd, impossible };

    /* How well a reply at this time fits what became of a command. */
    virtual Fit fits(std::uint64_t /*id*/, Time /*time*/,
                     const StoreReply& /*reply*/) {
        return Fit::good;
    }

    /* The command's reply was another's, so it has none yet. */
    virtual void reopened(const Flow& /*flow*/, std::uint64_t /*id*/) {}

    /*
     * unsure(): commands from before the capture may be under way, whose
     * replies are taken for those of later ones. sure(): that is not so, or no
     * longer.
     */
    virtual void unsure(const Flow& /*flow*/) {}
    virtual void sure(const Flow& /*flow*/) {}
};

/* The number of a new command. */
inline std::uint64_t next_command_id() noexcept {
    static std::uint64_t last = 0;
    return ++last;
}

}  // namespace debug
