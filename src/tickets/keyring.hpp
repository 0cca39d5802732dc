/*
 * The ticket keys of a fleet, as one worker has them: the one that tickets are
 * made with, the next ones ahead of time, and those that tickets name.
 */

#pragma once

#include "backends/random.hpp"
#include "tickets/held_keys.hpp"
#include "tickets/options.hpp"
#include "tickets/seeds.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace session_cache::tickets {

class Keyring {
  public:
    /* Throws std::bad_alloc. What it does of its own accord begins with
     * start(). No coroutine of its own may run when it is destroyed. */
    explicit Keyring(Options options);

    Keyring(const Keyring&) = delete;
    Keyring& operator=(const Keyring&) = delete;
    ~Keyring() = default;

    void start() noexcept { tend_soon(); }

    /* Whether one with these options would have the same keys. */
    bool is_of(const Options& options) const noexcept;

    /* Tickets live for so long at one more server: to be told before start().
     */
    void live_for(std::chrono::seconds life) noexcept {
        options_.lifetimes.ticket = std::max(options_.lifetimes.ticket, life);
    }

    /* The store's connection is up: what it has may be older than before. */
    void connected() noexcept;

    /*
     * The key that tickets are made with now: that of the current slot or,
     * where the store has not told that in time, the last one that there is.
     * Null: there is none.
     */
    const TicketKey* current() noexcept;

    /* Whether there is no current key, but may be soon. */
    bool is_awaited() noexcept { return asks_first_ && current() == nullptr; }

    /* Suspends the calling coroutine as long as is_awaited(), and up to
     * `deadline`. */
    void await(coro::Time deadline) noexcept;

    /* The key of tickets with this name, if it is held. */
    const TicketKey* find(const TicketName& name) noexcept;

    /* How old the slot of tickets with this name is; nothing: their key is not
     * held. */
    std::optional<Age> age_of(const TicketName& name) noexcept;

    /*
     * What a name wants whose key is not held. Nothing: it is no name of ours,
     * or all tickets with it have expired. Asks nobody.
     */
    std::optional<Wanted> want(const TicketName& name) noexcept;

    /* Seeds::fetch(), and busy when memory is short. */
    backends::Status fetch(const Wanted& wanted, coro::Time deadline) noexcept;

    /* Without a wait, for the next who wants it. */
    void fetch_later(const Wanted& wanted) noexcept;

    Meter& meter() noexcept { return options_.meter; }

  private:
    bool makes() const noexcept { return options_.rotate.count() != 0; }
    std::time_t now() const noexcept { return options_.clock(); }
    coro::Time loop_now() const noexcept {
        return options_.scheduler.loop().now();
    }
    Slot slot_now() const noexcept { return slot_at(now(), options_.rotate); }
    std::optional<TicketName> in_use(const Slot& slot) const noexcept;

    void tend_soon() noexcept;
    void tend() noexcept;
    void tend_once();
    void load_later();
    void tend_slots();
    void enter(const Slot& slot);
    void take(const Slot& slot);
    void settle_or_retry(const Slot& slot);
    bool settle(const Slot& slot);
    void tell_late(const Slot& slot);
    void check();
    std::optional<Slot> lacking() const noexcept;
    void put_some_back(const std::set<TicketName>& done);
    void release() noexcept;
    void schedule() noexcept;

    Options options_;
    HeldKeys held_;
    Seeds seeds_;
    backends::Random random_{};
    std::map<std::uint32_t, TicketName> in_use_; /* by beginnings of slots */

    bool asks_first_;                  /* for a first key, or is about to */
    std::vector<coro::Waker> waiting_; /* for that */

    std::unique_ptr<coro::Timer> timer_;
    bool tending_ = false; /* in a coroutine, */
    bool again_ = false;   /* and once more after this */
    std::vector<Wanted> later_;

    Slot entered_{};           /* the slot that was the current one last */
    std::time_t ahead_at_ = 0; /* when to ask for the last one ahead */
    coro::Time check_at_{0};   /* when to look whether all is there still */
    coro::Time retry_at_{0};   /* when to ask again what was not told */
    coro::Time pause_{0};      /* from then to the next time */
    bool is_late_ = false;     /* told */
};

}  // namespace session_cache::tickets
