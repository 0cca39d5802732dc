/*
 * What all clients of one server share: a coroutine that keeps a connection,
 * the queue's limit, and the handshakes that wait.
 */

#pragma once

#include "backends/finder.hpp"
#include "backends/journal.hpp"
#include "backends/kept.hpp"
#include "backends/lookups.hpp"
#include "backends/random.hpp"
#include "backends/store.hpp"
#include "coro/coroutine.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backends {

class Client : public Store, private Finder::User {
  public:
    /* Begins to connect in a coroutine, as soon as one can be started. */
    void start() noexcept;

    Fetched fetch(std::string_view key, coro::Time deadline) noexcept final;
    Fetched peek(std::string_view key) noexcept final;
    Addition add(std::string_view key, std::string_view value,
                 std::chrono::seconds ttl) noexcept final;
    Claimed claim(std::string_view key, std::chrono::seconds ttl,
                  coro::Time deadline) noexcept final;
    Status store(std::string_view key, std::string_view value,
                 std::chrono::seconds ttl) noexcept final;
    Status erase(std::string_view key) noexcept final;
    void reconsider() noexcept final;
    void close() noexcept final;

  protected:
    /* An add is a lookup that leaves a value after a miss. A hit means that
     * there was a value, a miss that there was none. */
    struct Request {
        Kind kind;
        std::string_view key;
        std::string_view value{};         /* add, set */
        std::chrono::seconds ttl{};       /* add, set */
        std::unique_ptr<Lookup> lookup{}; /* get, add */
        coro::Time deadline{};            /* of the answer */
        bool surveyed = false;            /* add: answered after a survey */
        bool asking = false;   /* a server that does not own the key yet */
        bool followed = false; /* another server redirected it here */
        std::unique_ptr<Kept> kept{}; /* set, del: in case of a redirect */
    };

    /* A new session has to be there before its client comes back. */
    static bool is_urgent(const Request& request) noexcept {
        return request.kind == Kind::set;
    }

    /* Why the connection was lost, and with which status waits end. */
    struct Loss {
        std::string why{}; /* empty if all is well */
        Status status = Status::down;
        bool refused = false; /* by the server, whoever asks it */
        bool silent = false;  /* it hung up without a word */

        bool empty() const noexcept { return why.empty(); }
    };

    /* The add for a claim. */
    static Request claim_of(std::string_view key,
                            std::chrono::seconds ttl) noexcept {
        return {.kind = Kind::add,
                .key = key,
                .value = "1",
                .ttl = ttl,
                .surveyed = true};
    }

    static Loss timed_out(std::string_view operation) {
        return {std::string(operation) + " timed out", Status::timeout};
    }

    Client(coro::Scheduler& scheduler, Options options, Log log,
           std::string kind);

    /*
     * Connects to `address` and serves until the connection is lost, until
     * closing(), or until nothing is queued and it is not wanted() there. Runs
     * in the client's coroutine. May throw std::bad_alloc.
     */
    virtual Loss attempt(const Address& address) = 0;

    /*
     * Closes the connection, which ends a wait in attempt(). Gives back
     * everything that was queued; when closing(), after a last try to send it.
     * Has to answer each lookup with `status`.
     */
    virtual void disconnect(Status status) noexcept = 0;

    /* Makes attempt() check at once whether it is wanted(). */
    virtual void nudge() noexcept = 0;

    /* How many requests are queued. */
    virtual std::size_t queued() const noexcept = 0;

    /* What is known about the connected server. */
    virtual Footing footing() const noexcept = 0;

    /* Queues a get or add for `waiter`. */
    Status submit(Request request, const Waiter& waiter) noexcept;

    /*
     * Queues a get or add that another client has queued before. An add has to
     * be awaited. Returns false if it is not queued; then it is unchanged.
     */
    bool take_over(Request& request) noexcept;

    /* Whether somebody waits for it, so that what an add refers to still
     * exists. */
    bool is_awaited(const Lookup& lookup) const noexcept;

    /* Queues a set or delete. If it is kept, it waits for a first connection,
     * as lookups do. */
    Status change(Request request) noexcept;

    /* How many requests have no answer, including those that wait for a first
     * connection. */
    std::size_t length() const noexcept { return queued() + early_.size(); }

    /* The address that is connected, or is tried next. */
    const Address& address() const noexcept { return finder_.here(); }

    /* Whether requests wait for a first connection. */
    bool starting() const noexcept { return starting_; }

    /* Whether its coroutines have ended, after close(). Then it may be
     * destroyed if nobody is in fetch() or add(). */
    bool ended() const noexcept {
        return closing_ && !driving_ && !finder_.looks();
    }

    /* Queues a request. Returns false if memory is short; then it is
     * unchanged. */
    virtual bool enqueue(Request& request) noexcept = 0;

    /* Ends a lookup, if there is one, and gives the answer to those who still
     * wait. */
    void answer(Lookup* lookup, Status status,
                std::string_view value = {}) noexcept;

    /* The server has answered, with its version if that is known. Requests may
     * now be sent. */
    void connected(std::string_view version);

    /* Counts what became of a set or delete. */
    void count(Kind kind, Change change) noexcept;

    /* Updates the meter when the queue's length has changed. */
    void count_queue() noexcept;

    bool up() const noexcept { return up_; }
    bool closing() const noexcept { return closing_; }
    /* Whether anybody wants the connection. Nobody does if there is a better
     * place. */
    bool wanted() const noexcept { return !moving_ && is_needed(); }

    /* Where to go if the server refuses, and whether it has refused. */
    Finder& finder() noexcept { return finder_; }

    coro::Time now() const noexcept { return scheduler_.loop().now(); }

    coro::Scheduler& scheduler_;
    const Options options_;
    Meter& meter_;
    Journal journal_;
    Random random_;

  private:
    void bound(Request& request) const noexcept;
    Fetched ask(Request request, coro::Time deadline = coro::never) noexcept;
    Status begin_or_keep(Request request);
    Status begin(Request request) noexcept;
    bool keep(Request change) noexcept;
    void end_early(Request change, Status status) noexcept;
    Status admit(bool available) noexcept;
    bool has_room() noexcept;
    void tell_lost() noexcept;
    void begin_start() noexcept;
    void end_start(Status status) noexcept;
    void start_took_long() noexcept;
    bool is_needed() const noexcept {
        return options_.wanted == nullptr || options_.wanted();
    }
    void move() noexcept final;
    void hold_back() noexcept;
    void drive() noexcept;
    bool visit() noexcept;
    Loss try_address() noexcept;
    void lose(const Loss& loss) noexcept;
    void rest() noexcept;
    void sleep() noexcept;

    Meter unread_; /* if Options has no meter */
    Lookups lookups_;
    std::vector<Request> early_; /* while starting_ */
    std::unique_ptr<coro::Timer> start_timer_;
    bool driving_ = false;   /* there is a coroutine */
    std::size_t shared_ = 0; /* this client's part of Options::queued */
    Finder finder_;
    bool starting_ = true;
    bool up_ = false;
    bool closing_ = false;
    bool asleep_ = false; /* not needed */
    bool moving_ = false; /* there is a better place */
    std::optional<coro::Waker> resting_;
};

}  // namespace backends
