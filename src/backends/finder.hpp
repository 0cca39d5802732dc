/*
 * Finds the server of a client: at the addresses that are known, and at those
 * that its name stands for by now. While the client is connected it looks from
 * time to time for a better place, in a coroutine of its own, so that a fleet
 * comes together again at one server, and so that a server that refuses is
 * not stayed with. It looks before the client leaves: who finds nothing
 * better stays.
 */

#pragma once

#include "backends/journal.hpp"
#include "backends/places.hpp"
#include "backends/random.hpp"
#include "backends/store.hpp"
#include "coro/coroutine.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace backends {

class Finder {
  public:
    /* How far apart looks are: at least, and at most twice as far, while all
     * is well; and at most while the server refuses. */
    static constexpr coro::Time calm{10'000};
    static constexpr coro::Time alarm{700};

    /* What asking at a place has come to. */
    enum class Probed { serves, refuses, away };

    /* The client. */
    class User {
      public:
        virtual ~User() = default;

        /*
         * Asks at an address, until `deadline`, on a connection of its own,
         * what a server is asked that is connected to. Runs in a coroutine of
         * the finder's. May throw std::bad_alloc.
         */
        virtual Probed probe(const Address& address, coro::Time deadline) = 0;

        /* Ends a probe() that is under way. */
        virtual void end_probe() noexcept = 0;

        /* here() is to be left, and will then be a better one, which serves. */
        virtual void move() noexcept = 0;
    };

    /* All have to outlive it, and its coroutine, which close() ends. Throws
     * std::bad_alloc. */
    Finder(coro::Scheduler& scheduler, const Options& options, Journal& journal,
           User& user);

    bool empty() const noexcept { return places_.empty(); }

    /* Where to connect to, or where it is connected. */
    const Address& here() const noexcept { return places_.here(); }

    /*
     * Asks what the name stands for, if there is one, and begins a new round
     * if there was an answer. Nothing new: what is known stays. Suspends the
     * client's coroutine.
     */
    void look_up() noexcept;

    /* The connection was lost, or left: a new round begins. */
    void lost() noexcept;

    /* It could not be connected: the next of this round, or false: all were
     * tried, and a new round begins. */
    bool next() noexcept;

    /* It is connected: looks come from now on, until lost(). */
    void connected() noexcept;

    /* The server says that it does not serve. */
    void refused() noexcept;

    /* It does what it did not. */
    void accepted() noexcept;

    /* Whether a coroutine of its own is under way. */
    bool looks() const noexcept { return looks_; }

    /* Whether there is another address in this round to try. */
    bool has_other() const noexcept { return places_.has_other(now()); }

    void close() noexcept;

  private:
    coro::Time now() const noexcept { return scheduler_.loop().now(); }
    bool is_named() const noexcept {
        return options_.resolver != nullptr && !options_.host.empty();
    }
    std::optional<Resolved> ask(std::optional<coro::Waker>& waker);
    void take(Resolved found);
    void rest() noexcept;
    void begin_look() noexcept;
    void look() noexcept;
    void look_around();

    coro::Scheduler& scheduler_;
    const Options& options_;
    Journal& journal_;
    User& user_;
    Places places_;
    std::unique_ptr<coro::Timer> timer_; /* of the next look */
    std::optional<Address> aim_;         /* where lost() leads to */
    std::optional<coro::Waker> resting_; /* the client's wait for a name */
    std::optional<coro::Waker> looking_; /* the look's */
    std::uint64_t connection_ = 0;       /* which one it is */
    bool connected_ = false;
    bool looks_ = false; /* a look is under way */
    bool closed_ = false;
    bool refuses_ = false;
    bool astray_ = false; /* it is elsewhere, and does not serve there yet */
    coro::Time held_until_{}; /* of here(), when it refuses */
    coro::Time pause_{};      /* between looks, while it does */
    coro::Time ask_from_{};   /* when the resolver may be asked again */
    Random random_;
};

}  // namespace backends
