/*
 * The addresses at which a server may be found: which one to use, and which
 * ones to avoid for a while because the server there refuses.
 */

#pragma once

#include "backends/store.hpp"
#include "coro/wait.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backends {

/* Sorts addresses in an order that does not depend on DNS, so that all nodes of
 * a fleet use the same one. Removes duplicates. */
void sort(std::vector<Address>& addresses);

inline bool same(const Address& a, const Address& b) noexcept {
    return a.text == b.text && a.tls_name == b.tls_name;
}

/* Functions that are not noexcept may throw std::bad_alloc. */
class Places {
  public:
    /* How long an address that refuses is avoided: at first, and at most, if it
     * refuses each time it is asked again. */
    static constexpr coro::Time first_hold{10'000};
    static constexpr coro::Time longest_hold{320'000};

    /* `addresses` are in order of preference, and may be empty. */
    explicit Places(std::vector<Address> addresses);

    bool empty() const noexcept { return addresses_.empty(); }
    std::size_t size() const noexcept { return addresses_.size(); }

    /* Where to go, or where one is. Valid only if there was any address. */
    const Address& here() const noexcept { return here_; }

    /* Replaces the addresses. here() stays as it is. */
    void replace(std::vector<Address> addresses);

    /* Forgets all refusals. */
    void release() noexcept { holds_.clear(); }

    /* Begins a new round: here() is the best of all. */
    void restart(coro::Time now);

    /* Begins a new round at this address. */
    void restart_at(const Address& address);

    /* Goes to the next address of this round. Returns false if all have been
     * tried; then another round begins. */
    bool next(coro::Time now);

    /* An address refuses. Returns until when it is avoided. */
    coro::Time hold(const Address& address, coro::Time now);

    /* An address does not refuse any more. */
    void release(const Address& address) noexcept;

    bool is_held(const Address& address, coro::Time now) const noexcept;

    /* The addresses that are better than here(), the best one first. None of
     * them has refused recently, and here() has, or comes later in the order,
     * or is not an address of the server any more. */
    std::vector<Address> better(coro::Time now) const;

    /* Whether this round has another address that has not refused. */
    bool has_other(coro::Time now) const noexcept;

  private:
    struct Hold {
        std::string text; /* of the address, which may come and go */
        coro::Time until;
        coro::Time length;
    };

    /* A bound for a name that has other addresses each time. */
    static constexpr std::size_t max_holds = 64;

    std::vector<Hold>::const_iterator
    find(const Address& address) const noexcept;
    coro::Time held_until(const Address& address) const noexcept;
    bool pick(coro::Time now);
    void forget(coro::Time now) noexcept;

    std::vector<Address> addresses_;
    std::vector<bool> tried_; /* in this round */
    Address here_{};
    std::vector<Hold> holds_;
};

}  // namespace backends
