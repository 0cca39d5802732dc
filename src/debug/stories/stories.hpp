/*
 * Joins handshakes with what was asked of the store, by session.
 */

#pragma once

#include "debug/stories/names.hpp"
#include "debug/stories/percentiles.hpp"
#include "debug/stories/story.hpp"
#include "debug/stories/wire_status.hpp"
#include "debug/wire/store_listener.hpp"
#include "debug/wire/tls.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace debug {

/* What the stores were asked, by whichever handshakes. */
struct StoreCounts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t errors = 0;
    std::uint64_t redirects = 0;
    std::uint64_t unanswered = 0; /* gets */
    std::uint64_t sets = 0;
    std::uint64_t erases = 0;
    std::uint64_t unjoined = 0; /* gets that belong to no handshake */
    Percentiles lookup{};
};

class Stories : public HandshakeListener, public StoreListener {
  public:
    using Sink = std::function<void(Story&&)>;

    struct Bounds {
        std::size_t open = 16'384;
        std::size_t commands = 65'536;
        std::size_t stored = 100'000; /* names that were set */
    };

    Stories(const Names& names, Sink sink, Bounds bounds);
    Stories(const Names& names, Sink sink);

    void client_hello(const Flow& flow, Time time,
                      const ClientHello& hello) override;
    void server_hello(const Flow& flow, Time time,
                      const ServerHello& hello) override;
    void completed(const Flow& flow, Time time) override;
    void broken_off(const Flow& flow, Time time, std::string_view how) override;
    void lost_sight(const Flow& flow, Time time, std::string_view why) override;

    void asked(const Flow& flow, Time time,
               const StoreCommand& command) override;
    void answered(const Flow& flow, Time time, std::uint64_t id,
                  const StoreReply& reply) override;
    void disconnected(const Flow& flow, Time time, Side by) override;
    void unseen(const Flow& flow, std::uint64_t id) override;

    /* Of the capture's time: hands out the stories that are over. */
    void advance(Time now);

    /* Hands out all. */
    void finish();

    const StoreCounts& counts() const noexcept { return counts_; }

    /* Stories that were let go before their end, for the bound. */
    std::uint64_t let_go() const noexcept { return let_go_; }

  private:
    /* A command that concerns a story, and what came of it. */
    struct Exchange {
        std::uint64_t id;
        Time asked;
        Verb verb;
        std::string command; /* for people: "redis GET ngx_ssl:5f0c…a1" */
        std::string store;
        std::string connection; /* the worker's port, and whom it leads to */
        bool shared;            /* another story's, which was under way */
        LookupState state = LookupState::pending;
        std::optional<Time> answered = std::nullopt;
        std::size_t size = 0;
        std::string error{};
        std::string to{}; /* whom it was redirected to */
    };

    /* A handshake under way. */
    struct Open {
        Flow flow;
        Story story;
        std::string session_id{}; /* that the client offers in TLS 1.2 */
        std::vector<std::string> names{}; /* by_name_ has it under them */
        std::vector<Exchange> exchanges{};
        Handshake handshake{};
        std::optional<Time> server_hello{};
        std::vector<Offered> identities{}; /* of TLS 1.3 */
        bool has_ticket = false;           /* of TLS 1.2 */
        bool over = false;
    };

    /* A command without an answer. */
    struct Command {
        std::uint64_t connection;
        Time asked;
        Verb verb;
        std::string name;                   /* empty: of no story */
        std::vector<std::uint64_t> stories; /* that wait for the answer */
    };

    Open* find(const Flow& flow);
    void open(const Flow& flow, Time time, const ClientHello& hello);
    void offer(Open& open, const ClientHello& hello);
    void index(Open& open, std::string_view id);
    void share_lookups(Open& open, Time time);
    void share_lookup(Open& open, Time time, std::uint64_t id);
    void share_with_others(const Open& owner, const std::string& name,
                           Time time, std::uint64_t id);
    void judge(Open& open, const ServerHello& hello);
    void end(Open& open, Time time);
    void emit(std::uint64_t id);

    Open* claimant(const Flow& flow, const StoreCommand& command,
                   std::string& name);
    std::string name_in(std::string_view key) const;
    void join(Open& open, const Flow& flow, Time time,
              const StoreCommand& command, std::size_t name_size);
    void settle(std::uint64_t id, Time time, LookupState state,
                const StoreReply& reply);
    void remember_stored(const StoreCommand& command, Time time);

    /* What is told when it is over. */
    static void judge_lookups(Open& open);
    static bool is_sent_on(const Open& open, Verb verb);
    static std::pair<std::string_view, std::string>
    describe(const Exchange& exchange);
    static void add_exchange(Story& story, const Exchange& exchange);
    void add_miss(Open& open) const;

    const Names& names_;
    Sink sink_;
    Bounds bounds_;
    StoreCounts counts_;
    std::uint64_t let_go_ = 0;
    Time last_unnamed_{}; /* lookup, of no story */

    std::map<std::uint64_t, Open> open_; /* by connection, the oldest first */
    std::unordered_multimap<std::string, std::uint64_t> by_name_;
    std::map<std::uint64_t, Command> commands_; /* the oldest first */
    std::unordered_multimap<std::string, std::uint64_t> in_flight_; /* gets */
    std::deque<std::pair<Time, std::uint64_t>> ending_;
    std::unordered_map<std::string, Time> stored_;
    std::deque<std::string> stored_order_;
};

}  // namespace debug
