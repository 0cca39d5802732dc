/*
 * A fleet's ticket keys in one worker: the one that makes tickets, the next
 * ones ahead of time, and those that tickets name.
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
    /* Throws std::bad_alloc. Its own activity begins with start(). When it is
     * destroyed, its coroutine must not be running. */
    explicit Keyring(Options options);

    Keyring(const Keyring&) = delete;
    Keyring& operator=(const Keyring&) = delete;
    ~Keyring() = default;

    void start() noexcept { tend_soon(); }

    /* Whether a keyring with these options would have the same keys. */
    bool is_of(const Options& options) const noexcept;

    /* Call this before start(): tickets live so long at one more server. */
    void live_for(std::chrono::seconds life) noexcept {
        options_.lifetimes.ticket = std::max(options_.lifetimes.ticket, life);
    }

    /* The store's connection is up. What the store has may be older than
     * before. */
    void connected() noexcept;

    /*
     * The key that makes tickets now: that of the current slot, or the last one
     * if the store has not given that in time. Null if there is none.
     */
    const TicketKey* current() noexcept;

    /* Whether there is no current key yet, but may be soon. */
    bool is_awaited() noexcept { return asks_first_ && current() == nullptr; }

    /* Suspends the calling coroutine while is_awaited(), up to `deadline`. */
    void await(coro::Time deadline) noexcept;

    /* The key of tickets with this name, if it is held. */
    const TicketKey* find(const TicketName& name) noexcept;

    /* The age of the slot of tickets with this name. Nothing if their key is
     * not held. */
    std::optional<Age> age_of(const TicketName& name) noexcept;

    /*
     * The seed for a name whose key is not held. Nothing if the name is not one
     * of ours, or if all tickets with it have expired. Asks nobody.
     */
    std::optional<Wanted> want(const TicketName& name) noexcept;

    /* Seeds::fetch(). Busy if memory is short. */
    backends::Status fetch(const Wanted& wanted, coro::Time deadline) noexcept;

    /* The same without a wait, for the next client that wants it. */
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
    std::map<std::uint32_t, TicketName> in_use_; /* by start of slot */

    bool asks_first_;                  /* asks for a first key, or will */
    std::vector<coro::Waker> waiting_; /* waits for the first key */

    std::unique_ptr<coro::Timer> timer_;
    bool tending_ = false; /* a coroutine is running, */
    bool again_ = false;   /* and has to run once more */
    std::vector<Wanted> later_;

    Slot entered_{};           /* the last slot that was current */
    std::time_t ahead_at_ = 0; /* when to ask for the slot ahead */
    coro::Time check_at_{0};   /* when to check what the store has */
    coro::Time retry_at_{0};   /* when to repeat a question */
    coro::Time pause_{0};      /* until the time after that */
    bool is_late_ = false;     /* and that was logged */
};

}  // namespace session_cache::tickets
