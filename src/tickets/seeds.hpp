/*
 * The seeds of a fleet: gets them from the store, and leaves them there.
 *
 * There is no leader and no lock. For each slot, the store has a record that
 * says which seed is in use. A worker that finds no record leaves a seed of its
 * own and then that record with Store::add(), and always reads it back. Workers
 * put back what a store forgets.
 *
 * Use it in coroutines. Functions that throw std::bad_alloc may also do so if
 * OpenSSL fails.
 */

#pragma once

#include "tickets/held_keys.hpp"
#include "tickets/options.hpp"
#include "tickets/unfound.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace session_cache::tickets {

/* A seed, and the key file's key that belongs to it. */
struct Wanted {
    const SealingKey* sealing;
    SeedName seed;

    bool operator==(const Wanted&) const = default;
};

class Seeds {
  public:
    /* Both arguments have to outlive it. */
    Seeds(const Options& options, HeldKeys& held)
        : options_(options), held_(held) {}

    /*
     * Finds out which seed is in use in a slot, for new tickets. If there is
     * none, or it is lost, puts one there: that of the key `mine` if it is
     * held, or a new one. The returned key is held. Nothing if the store has
     * not answered. May throw std::bad_alloc.
     */
    std::optional<TicketName> settle(const Slot& slot,
                                     std::optional<TicketName> mine);

    /*
     * Asks for a seed, up to `deadline`. After a hit, its key is held. Also
     * returns `miss` if the store's value is not a seed. May throw
     * std::bad_alloc.
     */
    backends::Status fetch(const Wanted& wanted, coro::Time deadline);

    /* The same, but not for a client, and without a deadline of its own. */
    backends::Status load(const Wanted& wanted);

    /* Puts a key's seed into the store again, if it is not there (`miss`), or
     * not for long enough. Otherwise returns what peek() says. May throw
     * std::bad_alloc. */
    backends::Status put_back(const TicketName& name);

    /* Asks again for what was not found. */
    void forget_unfound() noexcept { unfound_.forget(); }

  private:
    /* What the store says about a slot. */
    struct Chosen {
        bool answered = false;
        bool exists = false; /* a record, whatever it contains */
        std::optional<SeedId> id{};
    };

    /* A seed of our own for a slot that is not chosen yet. */
    struct Candidate {
        TicketName name{};
        bool is_seen = false; /* others may have read that it is in use */
    };

    const SealingKey& primary() const noexcept { return options_.keys.front(); }
    std::string name_of(const Wanted& wanted) const;
    std::chrono::seconds ttl_until(std::time_t expires) const noexcept;

    Chosen read_chosen(const Slot& slot);
    backends::Status have(const Slot& slot, const Chosen& chosen,
                          TicketName& name);
    bool propose(const Slot& slot, std::optional<TicketName> mine, bool exists);
    std::optional<TicketName> candidate(const Slot& slot);
    TicketName make(const Slot& slot);
    backends::Addition leave(const Held& held);
    bool choose(const TicketName& mine, bool exists);
    void forget_candidate(const Slot& slot, const TicketName& chosen);
    backends::Status take(const Wanted& wanted, backends::Fetched&& fetched);
    bool hold(const Wanted& wanted, std::string&& record);
    void prolong(const TicketName& name, const Seed& seed);

    const Options& options_;
    HeldKeys& held_;
    Unfound unfound_;

    std::map<std::uint32_t, Candidate> candidates_; /* by start of slot */
};

}  // namespace session_cache::tickets
