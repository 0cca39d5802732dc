/*
 * memcached's commands and replies on one connection, in its text or its
 * binary protocol, whichever is spoken.
 */

#pragma once

#include "debug/wire/store_listener.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string>
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
        std::string key{};
        Verb verb = Verb::get;
        unsigned kind = 0;  /* as the dialect numbers them */
        bool quiet = false; /* it may stay unanswered */
    };

    PendingCommands(StoreListener& listener, const Flow& flow)
        : listener_(listener), flow_(flow) {}

    bool empty() const noexcept { return commands_.empty(); }
    const Command& front() const { return commands_.front(); }
    void push(Time time, const StoreCommand& command, unsigned kind,
              bool quiet);
    void push_other(unsigned kind);
    void answer_front(Time time, const StoreReply& reply);

    /* Forgets all: which reply is whose is not known any more. */
    void clear();

  private:
    StoreListener& listener_;
    Flow flow_;
    std::deque<Command> commands_;
};

}  // namespace debug
