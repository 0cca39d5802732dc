/*
 * memcached's commands and replies on one connection, in its text or its
 * binary protocol, whichever is spoken.
 */

#pragma once

#include "debug/wire/store_listener.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace debug {

class MemcachedReader : public Reader {
  public:
    MemcachedReader(StoreListener& listener, const Flow& flow);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;
    bool over() const override { return false; }
    bool matters() const override { return dialect_ != nullptr; }
    std::size_t held() const override;

    /* Whether bytes may be the beginning of a client's command. */
    static bool recognises(std::string_view bytes) noexcept;

  private:
    /* Nothing is known yet, or not any more, until a command begins. */
    std::unique_ptr<Reader> dialect_;
    StoreListener& listener_;
    Flow flow_;
};

/* The commands that wait for a reply, in their order. */
class PendingCommands {
  public:
    static constexpr std::size_t max = 20'000;

    struct Command {
        std::uint64_t id = 0; /* 0: of no interest but for its place */
        std::size_t key = 0;  /* its hash: a key may be long */
        Verb verb = Verb::get;
        unsigned kind = 0;        /* as the dialect numbers them */
        std::uint32_t opaque = 0; /* its reply has it, too */
        bool quiet = false;       /* it may stay unanswered */
    };

    PendingCommands(StoreListener& listener, const Flow& flow)
        : listener_(listener), flow_(flow) {}

    /* As Command::key has it. */
    static std::size_t hash(std::string_view key) noexcept {
        return std::hash<std::string_view>()(key);
    }

    /* Memory in bytes. */
    std::size_t held() const noexcept {
        return (commands_.size() + answered_.size()) * sizeof(Command);
    }

    bool empty() const noexcept { return commands_.empty(); }
    const Command& front() const { return commands_.front(); }
    /* Whose key is `key`, of which the command has the first part. */
    void push(Time time, StoreCommand&& command, std::string_view key,
              unsigned kind, bool quiet, std::uint32_t opaque = 0);
    void push_other(unsigned kind, std::uint32_t opaque = 0);
    void answer_front(Time time, const StoreReply& reply);

    /* Forgets all: which reply is whose is not known any more. */
    void clear();

    /* Whether a key is one of the first few of the command at the front,
     * whose keys are of this kind. */
    bool is_in_first(std::size_t key, unsigned kind) const;

    /*
     * A reply tells its key: makes the command for it, which is of this kind,
     * the first. Those before it are passed over; of those that had an answer
     * it was another's. False: it is not among the next or last few.
     */
    bool bring_forward(std::size_t key, unsigned kind);

    /* The same of a reply that has a command's number. */
    bool bring_numbered(std::uint32_t opaque, unsigned kind);

    /* Whether such a command is among the next few. */
    bool is_next(std::uint32_t opaque, unsigned kind) const;

  private:
    template <class Is>
    bool bring(Is is_it);
    auto next_end() const {
        return commands_.begin() +
               static_cast<std::ptrdiff_t>(std::min(commands_.size(), reach));
    }
    static constexpr std::size_t reach = 64;

    StoreListener& listener_;
    Flow flow_;
    std::deque<Command> commands_;
    std::deque<Command> answered_; /* the last ones */
};

}  // namespace debug
