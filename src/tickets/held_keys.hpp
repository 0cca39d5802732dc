/*
 * The ticket keys that a worker has, by ticket name.
 */

#pragma once

#include "tickets/meter.hpp"
#include "tickets/seed.hpp"
#include "tickets/ticket_key.hpp"

#include <cstddef>
#include <cstring>
#include <ctime>
#include <string>
#include <unordered_map>

namespace session_cache::tickets {

struct Held {
    const SealingKey* sealing; /* the key file's, from which it is made */
    SeedName seed;
    std::string record; /* of the seed, sealed */
    TicketKey key;
    std::time_t expires; /* when the last of its tickets has expired */
};

class HeldKeys {
  public:
    /* The most keys. Beyond this, the one that expires first is dropped. */
    static constexpr std::size_t most = 1024;

    explicit HeldKeys(Meter& meter) noexcept : meter_(meter) {}

    HeldKeys(const HeldKeys&) = delete;
    HeldKeys& operator=(const HeldKeys&) = delete;
    ~HeldKeys() { count(-keys_.size()); }

    /* Null if it is not held. The result does not move until it is removed or
     * dropped. */
    Held* find(const TicketName& name) noexcept;

    /* Adds a key, unless one with its ticket name is held. Returns the one that
     * is held. May throw std::bad_alloc. */
    Held& add(Held&& held);

    void remove(const TicketName& name) noexcept;

    /* Cleanses those whose tickets have all expired. */
    void drop_expired(std::time_t now) noexcept;

    /* All keys, in an order that changes only when one is added or removed. */
    auto begin() noexcept { return keys_.begin(); }
    auto end() noexcept { return keys_.end(); }
    std::size_t size() const noexcept { return keys_.size(); }

  private:
    /* Names are as good as random. */
    struct Hash {
        std::size_t operator()(const TicketName& name) const noexcept {
            std::size_t hash;
            std::memcpy(&hash, name.data(), sizeof(hash));
            return hash;
        }
    };

    void count(std::size_t more) noexcept {
        meter_.keys.set(meter_.keys.now() + more);
    }

    std::unordered_map<TicketName, Held, Hash> keys_;
    Meter& meter_; /* shared by several HeldKeys */
};

}  // namespace session_cache::tickets
