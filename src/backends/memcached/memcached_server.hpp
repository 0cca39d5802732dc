/*
 * One memcached server: one connection, on which libmemcached talks.
 */

#pragma once

#include "backends/cleansing.hpp"
#include "backends/client.hpp"
#include "backends/gather.hpp"
#include "backends/memcached/libmemcached.hpp"

#ifdef HAVE_LIBMEMCACHED

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace backends {

/*
 * Its coroutine works in rounds: all that was queued while the last round
 * was under way leaves in the next, sets and deletes without waiting for an
 * answer, then all keys in one multi-get.
 */
class MemcachedServer final : public Client {
  public:
    MemcachedServer(coro::Scheduler& scheduler, Options options, Log log);

  private:
    struct Item {
        Kind kind;
        std::string key;
        CleansedBytes value;
        std::time_t expiration;
        coro::Time deadline;
        std::unique_ptr<Lookup> lookup; /* of a get, but for a PING */
        bool counted = false;           /* what became of it, if it is no get */
    };

    struct Free {
        void operator()(memcached_st* handle) const noexcept {
            libmemcached::api.free_(handle);
        }
    };

    Loss attempt(const Address& address) override;
    void disconnect(Status status) noexcept override;
    std::size_t queued() const noexcept override;
    bool enqueue(Request& request) noexcept override;

    void open(const Address& address);
    Loss ping();
    Loss ask_version(std::string& version);
    void idle() noexcept;
    void wake() noexcept;
    Loss round();
    memcached_return_t send(const Item& item);
    memcached_return_t set(const Item& item);
    Loss send_changes();
    Loss look_up();
    memcached_return_t fetch_all(const std::vector<const char*>& keys,
                                 const std::vector<std::size_t>& lengths,
                                 memcached_result_st* result);
    void deliver(const memcached_result_st* result);
    void set_behavior(memcached_behavior_t behavior, std::uint64_t value);
    void say_goodbye() noexcept;
    Loss judge(const char* operation, memcached_return_t rc);
    void release(Item& item, Status status) noexcept;

    std::unique_ptr<memcached_st, Free> handle_;
    libmemcached::Yielding yielding_;

    std::deque<Item> queue_;  /* for the next round */
    std::vector<Item> round_; /* under way */
    std::optional<coro::Waker> idle_;
    Gather gather_;
    coro::Time idle_since_{};
    coro::Time answered_set_{}; /* when a set was last sent for an answer */
    bool tells_version_ = true;
};

}  // namespace backends

#endif
