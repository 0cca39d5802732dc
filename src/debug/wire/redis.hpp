/*
 * Redis' commands and replies on one connection.
 */

#pragma once

#include "debug/wire/redis_nodes.hpp"
#include "debug/wire/resp.hpp"
#include "debug/wire/store_listener.hpp"

#include <deque>
#include <optional>

namespace debug {

class RedisReader : public Reader {
  public:
    /* So many commands may wait for a reply; older ones are let go. */
    static constexpr std::size_t max_pending = 20'000;

    /* So far back it is looked for whose a reply was. */
    static constexpr std::size_t max_history = 32;
    static constexpr int max_shift = 8;

    /* So many replies may wait for their commands, for so long: captures of
     * several queues are not strictly in order. */
    static constexpr std::size_t max_early = 16;
    static constexpr Microseconds max_disorder{50'000};

    /* When all is answered, and for so long nothing comes, nothing is under
     * way. */
    static constexpr Microseconds quiet{100'000};

    /* Other servers that this one names are added to `nodes`. */
    RedisReader(StoreListener& listener, const Flow& flow, RedisNodes& nodes);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;
    bool over() const override { return aside_; }
    bool matters() const override { return spoken_ && !aside_; }
    std::size_t held() const override;

    /* Whether bytes may be the beginning of a client's command. */
    static bool recognises(std::string_view bytes) noexcept;

  private:
    /* What the replies to others tell of servers. */
    enum class Asks { nothing, slots, master };

    struct Pending {
        std::uint64_t id = 0; /* 0: of no interest but for its place */
        char reply = 0;       /* the type that is expected; 0: any */
        Asks asks = Asks::nothing;
        Time asked{};
    };

    struct Reply {
        char type = 0;
        Time time{};
        StoreReply read{};
    };

    struct Answered {
        Pending command;
        Reply reply;
    };

    void command(Time time);
    void expect(const Pending& command);
    void reply(Time time);
    void answer(Reply reply);
    void find_step();
    StoreListener::Fit fit(const Pending& command, const Reply& reply) const;
    StoreListener::Fit fit_without(const Pending& command) const;
    std::optional<int> oddities(int shift) const;
    void shift_by(int shift);
    StoreReply read_reply(const RespItem& reply);
    StoreReply read_error(const std::string& error);
    void learn_master(const RespItem& reply);
    void set_aside();
    void listen(Time time);
    void be_sure();
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
    bool in_step_; /* all commands were seen from the first */
    bool spoken_ = false;
    bool sure_;          /* so that no reply is another command's */
    bool aside_ = false; /* no worker speaks */
    Time heard_{};       /* anything, the last time */
    std::deque<Pending> pending_;
    std::deque<Reply> early_;      /* captured before their commands */
    std::deque<Answered> history_; /* the last ones */
};

}  // namespace debug
