/*
 * Lookups under way, and who waits for them. Browsers open several connections
 * at once with one session, so all who want a key at the same time share one
 * lookup.
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
    Fetched* result; /* in its frame, while it waits */
};

/*
 * Calls `submit` with a Waiter for the running coroutine, and waits once for
 * the answer if it returns `queued`. Otherwise its status is the answer.
 * Outside of a coroutine: busy.
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

/* The result of an add, which is a lookup that leaves a value after a miss. */
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

    /* From now on, the key is looked up anew. `all` may be destroyed. */
    void close() noexcept;

    const std::string& key() const noexcept { return key_; }
    const std::vector<Waiter>& waiters() const noexcept { return waiters_; }

  private:
    friend class Lookups;

    Lookups* all_; /* null if it is closed */
    const std::string key_;
    std::vector<Waiter> waiters_;
};

class Lookups {
  public:
    /*
     * Adds `waiter` to the running lookup of `key`. Returns false if there is
     * none. Throws std::bad_alloc.
     */
    bool join(std::string_view key, const Waiter& waiter);

    /* Closes the key's lookup, if there is one, because its value changes. */
    void close(std::string_view key) noexcept;

  private:
    friend class Lookup;

    std::unordered_map<std::string_view, Lookup*> open_;
};

}  // namespace backends
