/*
 * Joins handshakes with what was asked of the store, by session.
 *
 * All is bounded, in bytes with the nodes that hold it, and no step takes
 * longer than a search among what is held, however much of it there is.
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
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
    std::uint64_t unjoined = 0;  /* gets that belong to no handshake */
    std::uint64_t claims = 0;    /* of early data (docs/early_data.md) */
    std::uint64_t replays = 0;   /* of these: somebody had it claimed before */
    std::uint64_t seeds = 0;     /* lookups for shared tickets' keys */
    std::uint64_t not_tls = 0;   /* connections where TLS was expected */
    std::uint64_t set_aside = 0; /* connections to stores, of no worker */
    bool has_keys = false;       /* names of sealed sessions are known */
    Percentiles lookup{};
};

class Stories : public HandshakeListener, public StoreListener {
  public:
    using Sink = std::function<void(Story&&)>;

    struct Bounds {
        std::size_t open = 16'384;
        std::size_t held = 24 * 1024 * 1024; /* bytes, of all that is open */
        std::size_t commands = 32'768;
        std::size_t stored = 50'000; /* names that were set */
    };

    Stories(const Names& names, Sink sink, Bounds bounds);
    Stories(const Names& names, Sink sink);

    void client_hello(const Flow& flow, Time time,
                      const ClientHello& hello) override;
    void server_hello(const Flow& flow, Time time,
                      const ServerHello& hello) override;
    void abbreviated(const Flow& flow) override;
    void completed(const Flow& flow, Time time) override;
    void broken_off(const Flow& flow, Time time, std::string_view how) override;
    void lost_sight(const Flow& flow, Time time, std::string_view why) override;
    void not_tls() override { ++counts_.not_tls; }

    void asked(const Flow& flow, Time time,
               const StoreCommand& command) override;
    void answered(const Flow& flow, Time time, std::uint64_t id,
                  const StoreReply& reply) override;
    void disconnected(const Flow& flow, Time time, Side by) override;
    void unseen(const Flow& flow, std::uint64_t id) override;
    bool is_doubted(const Flow& flow) override;
    Fit fits(std::uint64_t id, Time time, const StoreReply& reply) override;
    void reopened(const Flow& flow, std::uint64_t id) override;
    void set_aside(const Flow& flow) override;
    void unsure(const Flow& flow) override;
    void sure(const Flow& flow) override;

    /* Of the capture's time, which does not step back: hands out the stories
     * that are over. */
    void advance(Time now);

    /* Hands out all. */
    void finish();

    const StoreCounts& counts() const noexcept { return counts_; }

    /* Stories that were let go before their end, for a bound. */
    std::uint64_t let_go() const noexcept { return let_go_; }

    /* The memory of what is open, in bytes. */
    std::size_t held() const noexcept { return held_; }

  private:
    /* What a worker asks a store about. */
    enum class About { session, early_data, ticket_key };

    /*
     * Whether the replies of a connection are those that they are taken for,
     * where the capture has begun amid them: it shows when all is answered.
     */
    struct Order {
        bool sure = false;
        bool cut_off = false; /* it was not all answered in the end */
    };

    /* A command that concerns a story, and what came of it. */
    struct Exchange {
        std::uint64_t id;
        std::uint64_t story;  /* whose it is */
        std::uint64_t worker; /* connection that it was asked on */
        Time asked;
        Verb verb;
        SessionName name;
        std::string command; /* for people: "redis GET ngx_ssl:5f0c…a1" */
        std::string store;
        std::string connection; /* the worker's port, and whom it leads to */
        LookupState state = LookupState::pending;
        std::optional<Time> settled{}; /* when its state became what it is */
        std::size_t size = 0;
        std::string error{};
        std::string to{}; /* whom it was redirected to */
        About about = About::session;
        bool replay = false; /* the early data had been claimed before */
        std::shared_ptr<const Order> order{}; /* none: it is sure */

        bool is_lookup() const {
            return verb == Verb::get && about == About::session;
        }

        LookupState at(Time time) const {
            return settled && *settled <= time ? state : LookupState::pending;
        }
    };

    /* How a story has part in one. */
    struct Part {
        std::shared_ptr<Exchange> exchange;
        Time asked;
        bool shared; /* another story's, which was under way */
    };

    /* A handshake under way. */
    struct Open {
        Flow flow;
        Story story;
        std::string session_id{}; /* that the client offers in TLS 1.2 */
        std::vector<SessionName> names{};  /* by_name_ has it under them */
        std::vector<SessionName> chosen{}; /* of what the server took */
        std::vector<Part> parts{};
        Handshake handshake{};
        std::optional<Time> server_hello{};
        std::optional<Time> ended{};
        std::vector<Offered> identities{}; /* of TLS 1.3, in their places */
        std::vector<std::string> identity_ids{};
        bool offers_tls13 = false;
        bool has_ticket = false; /* of TLS 1.2 */
        bool early_data = false;
        bool claimed_doubtfully = false; /* it, or another's early data */
        bool over = false;
        std::size_t cost = 0;
    };

    /* A command without an answer. */
    struct Command {
        std::uint64_t connection;
        Time asked;
        Verb verb;
        std::shared_ptr<Exchange> exchange; /* none: of no story */
        About about = About::session;
        bool again = false; /* it had another's answer */
    };

    /* All that want one session, as long as one of them is open. */
    struct Session {
        std::set<std::uint64_t> waiting; /* without a ServerHello */
        std::set<std::uint64_t> open;
        std::vector<std::shared_ptr<Exchange>> lookups; /* the last ones */
    };

    Open* find(const Flow& flow);
    void offer(Open& open, const ClientHello& hello);
    void offer_identities(Open& open, const ClientHello& hello);
    void index(Open& open, std::string_view id);
    void unindex(Open& open);
    void stop_waiting(Open& open);
    void share_lookups(Open& open, Time until);
    void judge(Open& open, const ServerHello& hello);
    void doubt_replies(const Open& open);
    void end(Open& open, Time time);
    void emit(std::uint64_t id);
    void grow(Open& open, std::size_t bytes);
    void make_room();

    static About about(const StoreCommand& command, const SessionName& name);
    void count_asked(const StoreCommand& command, About about);
    Open* claimant(const Flow& flow, const StoreCommand& command,
                   const SessionName& name);
    std::vector<Open*> candidates(const std::set<std::uint64_t>& waiting,
                                  const Flow& flow);
    Open* who_waits_for(About about, const Flow& flow);
    void join(Open& open, const Flow& flow, Time time,
              const StoreCommand& command, const SessionName& name,
              About about);
    void forget_part(const std::shared_ptr<Exchange>& exchange);
    void await(std::uint64_t id, Command&& command);
    void settle(std::uint64_t id, Time time, LookupState state,
                const StoreReply& reply);
    void count(const Command& command, Time time, LookupState state);
    void remember_stored(const SessionName& name, Time time);

    /* What is told when it is over. */
    void judge_lookups(Open& open) const;
    bool is_doubtful(const Exchange& exchange) const;
    bool is_waited_for(std::uint64_t worker) const;
    void be_sure(std::uint64_t worker);
    void judge_names(Open& open) const;
    void judge_unanswered(Open& open);
    std::vector<Offered> offer_of_tls12(const Open& open) const;
    static bool is_sent_on(const Open& open, Verb verb);
    static std::pair<std::string_view, std::string>
    describe(const Exchange& exchange);
    static std::string_view kind_of(const Exchange& exchange);
    static void add_part(Story& story, const Part& part);
    void add_miss(Open& open) const;

    const Names& names_;
    Sink sink_;
    Bounds bounds_;
    StoreCounts counts_;
    std::uint64_t let_go_ = 0;
    std::size_t held_ = 0;
    Time now_{};
    Time last_unnamed_ = Time::min(); /* lookup, of no story */

    std::map<std::uint64_t, Open> open_; /* by connection, the oldest first */
    std::map<SessionName, Session> by_name_;
    std::map<std::uint64_t, std::shared_ptr<Exchange>> exchanges_;
    std::map<std::uint64_t, Command> commands_; /* the oldest first */
    std::set<std::pair<std::uint64_t, std::uint64_t>> by_connection_;
    std::deque<std::pair<Time, std::uint64_t>> ending_;
    /* Of these, without a ServerHello, what may be asked about them. */
    std::set<std::uint64_t> with_early_data_;
    std::set<std::uint64_t> with_ticket_;
    std::set<std::uint64_t> doubted_; /* connections to stores */
    std::map<std::uint64_t, std::shared_ptr<Order>> unsure_; /* so, too */
    std::map<SessionName, Time> stored_;
    std::deque<SessionName> stored_order_;
};

}  // namespace debug
