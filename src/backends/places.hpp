/*
 * The addresses at which a server may be found: which of them to go to, and
 * which to leave alone for a while, because the server there refuses.
 */

#pragma once

#include "backends/store.hpp"
#include "coro/wait.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backends {

/* In an order that does not depend on that of DNS: all nodes of a fleet are
 * to come to the same one. None is there twice afterwards. */
void sort(std::vector<Address>& addresses);

inline bool same(const Address& a, const Address& b) noexcept {
    return a.text == b.text && a.tls_name == b.tls_name;
}

/* What is not noexcept may throw std::bad_alloc. */
class Places {
  public:
    /* How long an address that refuses is left alone: at first, and at most,
     * when it goes on refusing whenever it is asked again. */
    static constexpr coro::Time first_hold{10'000};
    static constexpr coro::Time longest_hold{320'000};

    /* In the order in which they are preferred; may be none. */
    explicit Places(std::vector<Address> addresses);

    bool empty() const noexcept { return addresses_.empty(); }
    std::size_t size() const noexcept { return addresses_.size(); }

    /* Where to go, or where one is. Only when there was any address. */
    const Address& here() const noexcept { return here_; }

    /* These are the addresses from now on; here() stays as it is. */
    void replace(std::vector<Address> addresses);

    /* Forgets who has refused. */
    void release() noexcept { holds_.clear(); }

    /* A new round: here() is the best of all. */
    void restart(coro::Time now);

    /* A new round, which begins at this address. */
    void restart_at(const Address& address);

    /* The next in this round; false: all have been tried, and another round
     * begins. */
    bool next(coro::Time now);

    /* An address refuses: until when it is left alone. */
    coro::Time hold(const Address& address, coro::Time now);

    /* It does not any more. */
    void release(const Address& address) noexcept;

    bool is_held(const Address& address, coro::Time now) const noexcept;

    /* Those that are better than here(), the best first: none of them has
     * refused of late, and here() has, or is further behind, or is no address
     * of the server's any more. */
    std::vector<Address> better(coro::Time now) const;

    /* Whether there is another one in this round that has not refused. */
    bool has_other(coro::Time now) const noexcept;

  private:
    struct Hold {
        std::string text; /* of the address, which may go and come */
        coro::Time until;
        coro::Time length;
    };

    /* A name that stands for other addresses each time has to end. */
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
