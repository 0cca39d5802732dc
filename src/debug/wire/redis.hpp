/*
 * Redis commands and replies on one connection.
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
    /* How many commands may wait for a reply. Older ones are dropped. */
    static constexpr std::size_t max_pending = 20'000;

    /* How many past replies may be reassigned, and how far. */
    static constexpr std::size_t max_history = 32;
    static constexpr int max_shift = 8;

    /* How many replies may wait for their commands, and how long. Captures of
     * several queues are not strictly in order. */
    static constexpr std::size_t max_early = 16;
    static constexpr Microseconds max_disorder{50'000};

    /* If all commands are answered and nothing comes for this long, nothing is
     * under way. */
    static constexpr Microseconds quiet{100'000};

    /* Adds the other servers that this one names to `nodes`. */
    RedisReader(StoreListener& listener, const Flow& flow, RedisNodes& nodes);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;
    bool over() const override { return aside_; }
    bool matters() const override { return spoken_ && !aside_; }
    std::size_t held() const override;

    /* Whether a client's command can begin with these bytes. */
    static bool recognises(std::string_view bytes) noexcept;

  private:
    /* What a reply tells about other servers. */
    enum class Asks { nothing, slots, master };

    struct Pending {
        std::uint64_t id = 0; /* 0: it only keeps its place */
        char reply = 0;       /* the expected type; 0: any */
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
    bool lost_commands_; /* bytes are skipped until a command begins */
    bool lost_replies_;
    bool in_step_; /* all commands since the first were seen */
    bool spoken_ = false;
    bool sure_;          /* no reply can be another command's */
    bool aside_ = false; /* not a worker's connection */
    Time heard_{};       /* when data came last */
    std::deque<Pending> pending_;
    std::deque<Reply> early_;      /* captured before their commands */
    std::deque<Answered> history_; /* the latest ones */
};

}  // namespace debug
