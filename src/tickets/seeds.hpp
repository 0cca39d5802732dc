/*
 * The seeds of a fleet: what is asked of the store for them, and left there.
 *
 * There is no leader and no lock. For each slot the store has a record of which
 * seed is in use; who finds none leaves a seed of its own and then that record
 * with Store::add(), and reads it back, always. Whatever a store forgets is put
 * back by those who have it.
 *
 * To be used in coroutines. What throws std::bad_alloc may do so when OpenSSL
 * fails, too.
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

/* A seed, and the key file's key that it is to be used with. */
struct Wanted {
    const SealingKey* sealing;
    SeedName seed;

    bool operator==(const Wanted&) const = default;
};

class Seeds {
  public:
    /* Both have to outlive it. */
    Seeds(const Options& options, HeldKeys& held)
        : options_(options), held_(held) {}

    /*
     * Finds out which seed is in use in a slot, for new tickets; if none is,
     * or it is lost, puts one there: that of the key `mine`, if it is held, or
     * a new one. The key that it returns is held. Nothing: the store has not
     * said. May throw std::bad_alloc.
     */
    std::optional<TicketName> settle(const Slot& slot,
                                     std::optional<TicketName> mine);

    /*
     * Asks for a seed, up to `deadline`. After a hit its key is held. `miss`:
     * also when what the store has is none. May throw std::bad_alloc.
     */
    backends::Status fetch(const Wanted& wanted, coro::Time deadline);

    /* The same for no client, and without a deadline of its own. */
    backends::Status load(const Wanted& wanted);

    /* Leaves a key's seed in the store again, if it is not there (`miss`) or
     * not for long enough. Otherwise it returns what peek() says. May throw
     * std::bad_alloc. */
    backends::Status put_back(const TicketName& name);

    /* What was not found is asked for again. */
    void forget_unfound() noexcept { unfound_.forget(); }

  private:
    /* What the store says of a slot. */
    struct Chosen {
        bool answered = false;
        bool exists = false; /* a record, whatever it holds */
        std::optional<SeedId> id{};
    };

    /* A seed of our own for a slot, not chosen yet. */
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

    std::map<std::uint32_t, Candidate> candidates_; /* by where slots begin */
};

}  // namespace session_cache::tickets
