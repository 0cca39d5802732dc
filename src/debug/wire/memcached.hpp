/*
 * memcached's commands and replies on one connection, in the text or the binary
 * protocol.
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

    /* Whether a client's command can begin with these bytes. */
    static bool recognises(std::string_view bytes) noexcept;

  private:
    /* Null while no command has shown which protocol is spoken. */
    std::unique_ptr<Reader> dialect_;
    StoreListener& listener_;
    Flow flow_;
};

/* The commands that wait for a reply, in order. */
class PendingCommands {
  public:
    static constexpr std::size_t max = 20'000;

    struct Command {
        std::uint64_t id = 0; /* 0: it only keeps its place */
        std::size_t key = 0;  /* its hash, because keys may be long */
        Verb verb = Verb::get;
        unsigned kind = 0;        /* the dialect's number */
        std::uint32_t opaque = 0; /* repeated in the reply */
        bool quiet = false;       /* it may have no reply */
    };

    PendingCommands(StoreListener& listener, const Flow& flow)
        : listener_(listener), flow_(flow) {}

    /* The value of Command::key. */
    static std::size_t hash(std::string_view key) noexcept {
        return std::hash<std::string_view>()(key);
    }

    /* Memory in bytes. */
    std::size_t held() const noexcept {
        return (commands_.size() + answered_.size()) * sizeof(Command);
    }

    bool empty() const noexcept { return commands_.empty(); }
    const Command& front() const { return commands_.front(); }
    /* `key` is the whole key, of which the command may have only the first
     * part. */
    void push(Time time, StoreCommand&& command, std::string_view key,
              unsigned kind, bool quiet, std::uint32_t opaque = 0);
    void push_other(unsigned kind, std::uint32_t opaque = 0);
    void answer_front(Time time, const StoreReply& reply);

    /* Forgets all commands, because replies can no longer be matched to
     * them. */
    void clear();

    /* Whether a key is one of the first few keys of this kind, of the command
     * at the front. */
    bool is_in_first(std::size_t key, unsigned kind) const;

    /*
     * A reply has a key. Moves the command of this kind for that key to the
     * front, and skips those before it. If the command had an answer already,
     * that answer was another command's. False if it is not among the next or
     * last few.
     */
    bool bring_forward(std::size_t key, unsigned kind);

    /* Does the same for a reply with a command's number. */
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
    std::deque<Command> answered_; /* the latest ones */
};

}  // namespace debug
