/*
 * Redis' commands and replies on one connection.
 */

#pragma once

#include "debug/wire/redis_nodes.hpp"
#include "debug/wire/resp.hpp"
#include "debug/wire/store_listener.hpp"

#include <deque>

namespace debug {

class RedisReader : public Reader {
  public:
    /* So many commands may wait for a reply; older ones are let go. */
    static constexpr std::size_t max_pending = 20'000;

    /* Other servers that this one names are added to `nodes`. */
    RedisReader(StoreListener& listener, const Flow& flow, RedisNodes& nodes);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;
    bool over() const override { return false; }

    /* Whether bytes may be the beginning of a client's command. */
    static bool recognises(std::string_view bytes) noexcept;

  private:
    /* What the replies to others tell of servers. */
    enum class Asks { nothing, slots, master };

    struct Pending {
        std::uint64_t id = 0; /* 0: of no interest but for its place */
        char reply = 0;       /* the type that is expected; 0: any */
        Asks asks = Asks::nothing;
    };

    void command(Time time);
    void reply(Time time);
    StoreReply read_reply(const RespItem& reply);
    StoreReply read_error(const std::string& error);
    void learn_master(const RespItem& reply);
    RespScanner reply_scanner();
    void resynchronise();

    StoreListener& listener_;
    Flow flow_;
    RedisNodes& nodes_;
    SlotsReader slots_;
    RespScanner commands_;
    RespScanner replies_;
    bool lost_commands_; /* its bytes are skipped up to a command's beginning */
    bool lost_replies_;
    std::deque<Pending> pending_;
};

}  // namespace debug
