/*
 * A client with one pipelined connection: commands leave as they come, and
 * replies complete them in order. A protocol adds how commands and replies
 * are written.
 */

#pragma once

#include "backends/client.hpp"
#include "backends/connection.hpp"
#include "backends/outbox.hpp"
#include "backends/refusal.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace backends {

class Pipeline : public Client {
  protected:
    /* What a command is for. */
    enum class Role {
        request, /* what somebody wants of the store */
        setup,   /* part of the greeting: without it there is no service */
        version, /* part of the greeting: who the server is */
        ping,    /* the end of the greeting; later, whether it is alive */
        clock,   /* what time it is there */
        memory,  /* how much it has thrown out */
    };

    /* A command that was queued and has not been answered. */
    struct Command {
        const char* name = ""; /* for log lines, a literal */
        Role role = Role::request;
        Kind kind{};         /* of a request */
        bool joined = false; /* it is in the line of the one before it */
        coro::Time deadline{};
        std::unique_ptr<Lookup> lookup{}; /* who waits, if anybody does */
        bool surveyed = false; /* add: who waits is told by the next command, */
        Status answer{};       /* which is this one: what the add came to */
        bool asking = false;   /* ASKING is answered before it */
        bool followed = false; /* likewise below: as in Request */
        std::string_view value{};   /* add, while it is awaited */
        std::size_t size = 0;       /* of the value */
        std::chrono::seconds ttl{}; /* add */
        std::unique_ptr<Kept> kept{};

        bool is(Kind what) const noexcept {
            return role == Role::request && kind == what;
        }
        bool is_change() const noexcept {
            return is(Kind::set) || is(Kind::del);
        }
    };

    /* What a reply comes to. */
    struct Result {
        Status status = Status::failed; /* for who waits */
        bool worked = false;
        bool elsewhere = false;   /* another server is asked: no failure */
        std::string_view value{}; /* of a hit; a version */
        Survey survey{};          /* what of it was asked for */
        std::string_view code{};  /* it did not work: as Journal has it, */
        std::string_view error{}; /* and what may be logged */
        Refusal refusal = Refusal::none;
    };

    Pipeline(coro::Scheduler& scheduler, Options options, Log log,
             std::string kind);

    /*
     * Begins to talk on a new connection: sends commands of ours, in the end
     * a ping, whose answer makes the store available. May throw
     * std::bad_alloc.
     */
    virtual void greet() = 0;

    /* Sends a ping. May throw std::bad_alloc. */
    virtual void ping() = 0;

    /* Asks for all that a Survey has, first for the time. May throw
     * std::bad_alloc. */
    virtual void survey() = 0;

    /* Asks how much the server has thrown out. May throw std::bad_alloc. */
    virtual void ask_memory() = 0;

    /*
     * Appends the request's bytes to outbox(), for `command`, which is the
     * queue's last, and sets its name and whether it is joined. May throw
     * std::bad_alloc: then outbox() has the bytes of before at its head.
     */
    virtual void format(const Request& request, Command& command) = 0;

    /*
     * Takes bytes of replies as they came, and completes commands with them.
     * May throw std::bad_alloc.
     */
    virtual Loss digest(std::string_view bytes) = 0;

    /* Forgets a part of a reply: the connection is closed. */
    virtual void forget() noexcept = 0;

    /*
     * Whether each command is to be a TLS record of its own: there are servers
     * that forget what a record has beyond the command that they read.
     */
    virtual bool wants_records() const noexcept { return false; }

    /*
     * Asks on another connection what greet() asks, and waits for it until
     * `deadline`. In a coroutine; may throw std::bad_alloc.
     */
    virtual Finder::Probed try_out(Connection& /* connection */,
                                   coro::Time /* deadline */) {
        return Finder::Probed::serves; /* for it can be connected */
    }

    /* What it may mean that the first command of a greeting got no answer, to
     * be appended to a log line; or empty. */
    virtual const char* unheard() const noexcept { return ""; }

    Footing footing() const noexcept final { return ground_.at(now()); }

    /* Queues a command of ours, whose bytes are to be appended to outbox(). */
    void push(const char* name, Role role);

    /* Sends what was appended without gathering. */
    void flush() noexcept { outbox_.flush(); }

    /*
     * Sends a ping, or what `ping` sends in its place, though it is not due.
     * False: memory is short, and nothing was sent.
     */
    template <typename Ping>
    bool ping_now(const Ping& ping) noexcept {
        std::size_t before = outbox().size();
        std::size_t length = queue_.size();

        try {
            ping();
        } catch (const std::bad_alloc&) {
            take_back(length, before);
            return false;
        }
        outbox_.queued(true);
        heed_deadline(length);
        return true;
    }

    CleansedBytes& outbox() noexcept { return outbox_.bytes(); }

    /* Commands without an answer, the oldest first. */
    std::deque<Command>& queue() noexcept { return queue_; }

    /* Completes the oldest command, of which there has to be one. */
    Loss complete(const Result& result);

    /* Some proxies hang up when they are asked what they are, and then are
     * not asked again. */
    bool tells_version() const noexcept { return tells_version_; }

  private:
    /* Who hangs up that often when it is asked for the time, as proxies may,
     * is not asked again for so long; once it may have been chance. */
    static constexpr unsigned max_hang_ups = 2;
    static constexpr coro::Time distrust = std::chrono::hours(1);

    Loss attempt(const Address& address) final;
    void disconnect(Status status) noexcept final;
    Finder::Probed probe(const Address& address, coro::Time deadline) final;
    void end_probe() noexcept final;
    void nudge() noexcept final { connection_.wake(); }
    std::size_t queued() const noexcept final { return requests_; }
    bool enqueue(Request& request) noexcept final;

    void take_back(std::size_t length, std::size_t bytes) noexcept;
    bool cuts() const noexcept;
    Command& begin(Role role, coro::Time deadline);
    Command take() noexcept;
    Loss serve();
    coro::Time ping_due() const noexcept { return idle_since_ + pause_; }
    void rest_longer() noexcept;
    Loss receive();
    Loss hang_up();
    Loss hung_up(const std::string& how) const;
    Loss explained(Loss loss) const;
    void heed_deadline(std::size_t before) noexcept;
    coro::Time idle_due() const noexcept;
    coro::Time due() const noexcept;
    coro::Time first_survey() const noexcept;
    void begin_survey();
    void surveyed(const Command& command, const Result& result);
    void tell_clock(const Skew& skew) noexcept;
    static std::string failed(const Command& command, const Result& result);
    void note_failure(const Command& command, const Result& result) noexcept;
    void judge(const Command& command, const Result& result);
    Loss greeted(const Command& command, const Result& result);
    void heed(const Command& command, const Result& result) noexcept;
    bool lasts(Refusal refusal) noexcept;

    /* As much as a string has room for in itself. */
    static constexpr std::size_t max_heard = 15;

    const std::string speaks_; /* the store's kind, such as "redis" */
    Connection connection_;
    std::string heard_{}; /* what the server said first */
    std::deque<Command> queue_;
    std::size_t requests_ = 0; /* of those in the queue */
    Outbox outbox_;
    coro::Time idle_since_{};
    coro::Time pause_{}; /* of an idle connection, before its next ping */
    Ground ground_;
    coro::Time survey_due_{}; /* of a connection that is up */
    coro::Time survey_at_{};  /* when the last one was sent */
    unsigned hang_ups_ = 0;   /* in a row, instead of telling the time */
    bool is_off_ = false;     /* the clock, and that was told */
    std::string version_{};
    std::string
        refusal_{}; /* to tell its version: it may be about to hang up */
    bool tells_version_ = true;
    const char* refused_ = nullptr; /* the command that was, see heed() */
    std::optional<coro::Time> loading_since_{};
    Connection* probing_ = nullptr; /* in probe()'s frame */
};

}  // namespace backends
