/*
 * A client with one pipelined connection. Commands leave as they come, and
 * replies complete them in order. A protocol adds how commands and replies are
 * written.
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
    /* The purpose of a command. */
    enum class Role {
        request, /* a request to the store */
        setup,   /* part of the greeting, without which there is no service */
        version, /* part of the greeting: the server's version */
        ping,  /* the end of the greeting; later, whether the server is alive */
        clock, /* the server's time */
        memory, /* how much the server has thrown out */
    };

    /* A command that was queued and has not been answered. */
    struct Command {
        const char* name = ""; /* a literal, for log lines */
        Role role = Role::request;
        Kind kind{};         /* of a request */
        bool joined = false; /* in the line of the one before it */
        coro::Time deadline{};
        std::unique_ptr<Lookup> lookup{}; /* who waits, if anybody */
        bool surveyed = false;      /* add: the next command answers it, */
        Status answer{};            /* which has the add's result here */
        bool asking = false;        /* the answer to ASKING comes first */
        bool followed = false;      /* as in Request, also below */
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

    /* The result of a reply. */
    struct Result {
        Status status = Status::failed; /* for who waits */
        bool worked = false;
        bool elsewhere = false;   /* another server is asked; no failure */
        std::string_view value{}; /* of a hit; a version */
        Survey survey{};          /* the part that was asked for */
        std::string_view code{};  /* if it failed: as in Journal, */
        std::string_view error{}; /* and what may be logged */
        Refusal refusal = Refusal::none;
    };

    Pipeline(coro::Scheduler& scheduler, Options options, Log log,
             std::string kind);

    /*
     * Begins a new connection: sends commands of ours, with a ping as the last,
     * whose answer makes the store available. May throw std::bad_alloc.
     */
    virtual void greet() = 0;

    /* Sends a ping. May throw std::bad_alloc. */
    virtual void ping() = 0;

    /* Asks for everything in a Survey, first for the time. May throw
     * std::bad_alloc. */
    virtual void survey() = 0;

    /* Asks how much the server has thrown out. May throw std::bad_alloc. */
    virtual void ask_memory() = 0;

    /*
     * Appends the request's bytes to outbox() for `command`, the queue's last
     * one, and sets its name and whether it is joined. May throw
     * std::bad_alloc; then outbox() still begins with the bytes of before.
     */
    virtual void format(const Request& request, Command& command) = 0;

    /*
     * Takes bytes of replies as they arrive, and completes commands with them.
     * May throw std::bad_alloc.
     */
    virtual Loss digest(std::string_view bytes) = 0;

    /* Forgets an incomplete reply, because the connection is closed. */
    virtual void forget() noexcept = 0;

    /*
     * Whether each command has to be a TLS record of its own, because some
     * servers forget the part of a record after the command that they read.
     */
    virtual bool wants_records() const noexcept { return false; }

    /*
     * Asks on another connection what greet() asks, and waits for the answers
     * until `deadline`. Runs in a coroutine. May throw std::bad_alloc.
     */
    virtual Finder::Probed try_out(Connection& /* connection */,
                                   coro::Time /* deadline */) {
        return Finder::Probed::serves; /* because it can be connected to */
    }

    /* What it may mean if the first command of a greeting gets no answer, to be
     * appended to a log line; or empty. */
    virtual const char* unheard() const noexcept { return ""; }

    Footing footing() const noexcept final { return ground_.at(now()); }

    /* Queues a command of ours. The caller appends its bytes to outbox(). */
    void push(const char* name, Role role);

    /* Sends what was appended, without gathering. */
    void flush() noexcept { outbox_.flush(); }

    /*
     * Sends a ping, or what `ping` sends instead, although it is not due.
     * Returns false if memory is short; then nothing is sent.
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

    /* Completes the oldest command. There has to be one. */
    Loss complete(const Result& result);

    /* False after the server hung up at this question, as some proxies do. */
    bool tells_version() const noexcept { return tells_version_; }

  private:
    /* A server that hangs up this often when it is asked for the time, as
     * proxies may, is not asked again for so long. A single time may be
     * chance. */
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

    /* As much as fits into a string without an allocation. */
    static constexpr std::size_t max_heard = 15;

    const std::string speaks_; /* the store's kind, such as "redis" */
    Connection connection_;
    std::string heard_{}; /* what the server said first */
    std::deque<Command> queue_;
    std::size_t requests_ = 0; /* how many are in the queue */
    Outbox outbox_;
    coro::Time idle_since_{};
    coro::Time pause_{}; /* of an idle connection until its next ping */
    Ground ground_;
    coro::Time survey_due_{}; /* on a connection that is up */
    coro::Time survey_at_{};  /* when the last one was sent */
    unsigned hang_ups_ = 0;   /* in a row, when asked for the time */
    bool is_off_ = false;     /* the clock, and that was logged */
    std::string version_{};
    std::string
        refusal_{}; /* of the version: the server may be about to hang up */
    bool tells_version_ = true;
    const char* refused_ = nullptr; /* the refused command, see heed() */
    std::optional<coro::Time> loading_since_{};
    Connection* probing_ = nullptr; /* in probe()'s frame */
};

}  // namespace backends
