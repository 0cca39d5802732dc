/*
 * Finds the server of a client: at the known addresses, and at those to which
 * its name resolves by now. While the client is connected, the finder looks for
 * a better place from time to time, in a coroutine of its own. So a fleet comes
 * together again at one server, and no client stays with a server that refuses.
 * It looks before the client leaves: if it finds nothing better, the client
 * stays.
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
    /* Times between looks: from `calm` to twice that while all is well, and at
     * most `alarm` while the server refuses. */
    static constexpr coro::Time calm{10'000};
    static constexpr coro::Time alarm{700};

    /* The result of asking at a place. */
    enum class Probed { serves, refuses, away };

    /* The client. */
    class User {
      public:
        virtual ~User() = default;

        /*
         * Asks at an address what is asked of each server after connecting, on
         * a connection of its own, until `deadline`. Runs in a coroutine of the
         * finder's. May throw std::bad_alloc.
         */
        virtual Probed probe(const Address& address, coro::Time deadline) = 0;

        /* Ends a running probe(). */
        virtual void end_probe() noexcept = 0;

        /* The client must leave here(), which will then be a better place that
         * serves. */
        virtual void move() noexcept = 0;
    };

    /* All arguments have to outlive it and its coroutine, which close() ends.
     * Throws std::bad_alloc. */
    Finder(coro::Scheduler& scheduler, const Options& options, Journal& journal,
           User& user);

    bool empty() const noexcept { return places_.empty(); }

    /* Where to connect to, or where it is connected. */
    const Address& here() const noexcept { return places_.here(); }

    /*
     * Looks the name up, if there is one, and begins a new round if there was
     * an answer. Otherwise the known addresses stay. Suspends the client's
     * coroutine.
     */
    void look_up() noexcept;

    /* The connection was lost or left. A new round begins. */
    void lost() noexcept;

    /* No connection was possible. Goes to the next address of this round.
     * Returns false if all were tried; then a new round begins. */
    bool next() noexcept;

    /* The client is connected. Looks come from now on, until lost(). */
    void connected() noexcept;

    /* The server has said that it does not serve. */
    void refused() noexcept;

    /* The server does again what it refused to do. */
    void accepted() noexcept;

    /* Whether its coroutine is running. */
    bool looks() const noexcept { return looks_; }

    /* Whether there is another address to try in this round. */
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
    std::optional<Address> aim_;         /* where lost() goes to */
    std::optional<coro::Waker> resting_; /* the client's wait for a name */
    std::optional<coro::Waker> looking_; /* the look's */
    std::uint64_t connection_ = 0;       /* a number for each one */
    bool connected_ = false;
    bool looks_ = false; /* a look is under way */
    bool closed_ = false;
    bool refuses_ = false;
    bool astray_ = false; /* it is elsewhere, and does not serve there yet */
    coro::Time held_until_{}; /* of here(), if it refuses */
    coro::Time pause_{};      /* between looks, while it refuses */
    coro::Time ask_from_{};   /* when the resolver may be asked again */
    Random random_;
};

}  // namespace backends
