/*
 * Lookups under way, and who waits for them. Browsers open several
 * connections at once with one session: all that want a key at a time share
 * one lookup.
 */

#pragma once

#include "backends/store.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace backends {

/* Who waits in fetch(). */
struct Waiter {
    coro::Waker wait;
    Fetched* result; /* in its frame, as long as it waits */
};

/*
 * Lets the running coroutine wait, once, for what `submit` queues for a Waiter:
 * unless that returns queued, its status is the answer. Outside a coroutine:
 * busy.
 */
template <typename Submit>
Fetched await(const Submit& submit, coro::Time deadline) noexcept {
    using std::chrono::microseconds;
    Fetched result;

    if (!coro::in_coroutine()) {
        result.status = Status::busy;
        return result;
    }

    auto begun = std::chrono::steady_clock::now();
    Status status = submit(Waiter{coro::next_wait(), &result});
    if (status != Status::queued) {
        result.status = status;
        return result;
    }

    if (coro::wait(deadline) == coro::Wake::timeout) {
        result.status = Status::timeout;
    }
    result.took = std::max(std::chrono::duration_cast<microseconds>(
                               std::chrono::steady_clock::now() - begun),
                           microseconds(1));
    return result;
}

/* What an add came to, which is a lookup that on a miss leaves a value. */
inline Addition addition(Status status) noexcept {
    switch (status) {
    case Status::miss:
        return Addition::added;
    case Status::hit:
        return Addition::exists;
    default:
        return Addition::unknown;
    }
}

class Lookups;

/* One lookup. It can be joined until it is closed or ends. */
class Lookup {
  public:
    /* Throws std::bad_alloc. `all` has to outlive it. */
    Lookup(Lookups& all, std::string_view key, const Waiter& first);
    ~Lookup() { close(); }

    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

    /* Whoever wants the key from now on looks it up anew; `all` may go. */
    void close() noexcept;

    const std::string& key() const noexcept { return key_; }
    const std::vector<Waiter>& waiters() const noexcept { return waiters_; }

  private:
    friend class Lookups;

    Lookups* all_; /* null: it is closed */
    const std::string key_;
    std::vector<Waiter> waiters_;
};

class Lookups {
  public:
    /*
     * Lets `waiter` wait for the lookup of `key` that is under way. False:
     * there is none. Throws std::bad_alloc.
     */
    bool join(std::string_view key, const Waiter& waiter);

    /* The key's value changes: closes its lookup, if there is one. */
    void close(std::string_view key) noexcept;

  private:
    friend class Lookup;

    std::unordered_map<std::string_view, Lookup*> open_;
};

}  // namespace backends
