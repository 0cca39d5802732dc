/*
 * Joins handshakes with the store's traffic, by session.
 *
 * All memory is bounded, including the nodes of the containers. No step takes
 * longer than a search among the elements, however many there are.
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

/* What the stores were asked, for any handshake. */
struct StoreCounts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t errors = 0;
    std::uint64_t redirects = 0;
    std::uint64_t unanswered = 0; /* gets */
    std::uint64_t sets = 0;
    std::uint64_t erases = 0;
    std::uint64_t unjoined = 0; /* gets that belong to no handshake */
    std::uint64_t claims = 0;   /* of early data (docs/early_data.md) */
    std::uint64_t replays = 0; /* of these, data that had been claimed before */
    std::uint64_t seeds = 0;   /* lookups of shared tickets' keys */
    std::uint64_t not_tls = 0; /* connections to TLS ports without TLS */
    std::uint64_t set_aside = 0; /* connections to stores, not a worker's */
    bool has_keys = false;       /* so names of sealed sessions are known */
    Percentiles lookup{};

    /* Whether a store was asked for anything. */
    bool any() const noexcept {
        return (hits | misses | errors | redirects | unanswered | sets |
                erases | claims | seeds) != 0;
    }
};

class Stories : public HandshakeListener, public StoreListener {
  public:
    using Sink = std::function<void(Story&&)>;

    struct Bounds {
        std::size_t open = 16'384;
        std::size_t held = 24 * 1024 * 1024; /* bytes of all that is open */
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

    /* Hands out the stories that are over. `now` is the capture's time, which
     * does not step back. */
    void advance(Time now);

    /* Hands out all stories. */
    void finish();

    const StoreCounts& counts() const noexcept { return counts_; }

    /* Stories that were handed out before their end, to keep a bound. */
    std::uint64_t let_go() const noexcept { return let_go_; }

    /* The memory of everything that is open, in bytes. */
    std::size_t held() const noexcept { return held_; }

  private:
    /* What a worker asks a store about. */
    enum class About { session, early_data, ticket_key };

    /*
     * Whether the replies of a connection were matched to the right commands,
     * if the capture began in the middle of it. It shows when every command has
     * been answered.
     */
    struct Order {
        bool sure = false;
        bool cut_off = false; /* commands were unanswered at the end */
    };

    /* A command that concerns a story, and what came of it. */
    struct Exchange {
        std::uint64_t id;
        std::uint64_t story;  /* whose it is */
        std::uint64_t worker; /* the connection that carried it */
        Time asked;
        Verb verb;
        SessionName name;
        std::string command; /* as shown: "redis GET ngx_ssl:5f0c…a1" */
        std::string store;
        std::string connection; /* the worker's port, and the server */
        LookupState state = LookupState::pending;
        std::optional<Time> settled{}; /* when it got its state */
        std::size_t size = 0;
        std::string error{};
        std::string to{}; /* where it was redirected */
        About about = About::session;
        bool replay = false; /* the early data had been claimed before */
        std::shared_ptr<const Order> order{}; /* none: certain */

        bool is_lookup() const {
            return verb == Verb::get && about == About::session;
        }

        LookupState at(Time time) const {
            return settled && *settled <= time ? state : LookupState::pending;
        }
    };

    /* A story's part in an exchange. */
    struct Part {
        std::shared_ptr<Exchange> exchange;
        Time asked;
        bool shared; /* another story's, already under way */
    };

    /* A handshake under way. */
    struct Open {
        Flow flow;
        Story story;
        std::string session_id{};          /* offered in TLS 1.2 */
        std::vector<SessionName> names{};  /* its keys in by_name_ */
        std::vector<SessionName> chosen{}; /* names of what the server took */
        std::vector<Part> parts{};
        Handshake handshake{};
        std::optional<Time> server_hello{};
        std::optional<Time> ended{};
        std::vector<Offered> identities{}; /* TLS 1.3, in their order */
        std::vector<std::string> identity_ids{};
        bool offers_tls13 = false;
        bool has_ticket = false; /* TLS 1.2 */
        bool early_data = false;
        bool claimed_doubtfully = false; /* the claim may be another's */
        bool over = false;
        std::size_t cost = 0;
    };

    /* A command without an answer. */
    struct Command {
        std::uint64_t connection;
        Time asked;
        Verb verb;
        std::shared_ptr<Exchange> exchange; /* none: for no story */
        About about = About::session;
        bool again = false; /* a wrong answer was taken back */
    };

    /* All stories that want one session, while at least one of them is open. */
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
    void count_asked(Verb verb, About about, int by);
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

    /* Completes a story when it is over. */
    void judge_lookups(Open& open) const;
    bool is_doubtful(const Exchange& exchange) const;
    std::optional<std::uint64_t> first_awaited(std::uint64_t worker) const;
    void be_sure(std::uint64_t worker);
    void judge_names(Open& open) const;
    void judge_unanswered(Open& open);
    std::vector<Offered> offer_of_tls12(const Open& open) const;
    static bool is_sent_on(const Open& open, Verb verb);

    /* stories_events.cpp: how the story shows it. */
    struct Shown {
        std::string_view kind; /* the event's; empty: it is not shown */
        std::string text{};
    };
    std::string shown(const StoreCommand& command, const SessionName& name,
                      About about) const;
    static Shown describe(const Exchange& exchange);
    static Shown describe_miss(const Exchange& exchange);
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
    Time last_unnamed_ = Time::min(); /* a lookup for no story */

    std::map<std::uint64_t, Open> open_; /* by connection, the oldest first */
    std::map<SessionName, Session> by_name_;
    std::map<std::uint64_t, std::shared_ptr<Exchange>> exchanges_;
    std::map<std::uint64_t, Command> commands_; /* the oldest first */
    std::set<std::pair<std::uint64_t, std::uint64_t>> by_connection_;
    std::deque<std::pair<Time, std::uint64_t>> ending_;
    /* Those without a ServerHello, by what a worker may ask about them. */
    std::set<std::uint64_t> with_early_data_;
    std::set<std::uint64_t> with_ticket_;
    std::set<std::uint64_t> doubted_; /* connections to stores */
    std::map<std::uint64_t, std::shared_ptr<Order>> unsure_; /* likewise */
    std::map<SessionName, Time> stored_;
    std::deque<SessionName> stored_order_;
};

}  // namespace debug
