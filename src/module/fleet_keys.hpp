/*
 * Compares this node's sealing keys with those of the other nodes of its fleet:
 * see sessions/key_record.hpp.
 */

#pragma once

#include "backends/store.hpp"
#include "module/remote.hpp"

namespace session_cache {

/* The keys of one directive. */
class FleetKeys {
  public:
    /* Both arguments have to outlive it. */
    FleetKeys(backends::Store& store, const Remote& remote) noexcept
        : store_(store), remote_(remote) {}

    /* The first key seals. */
    const SealingKeys& keys() const noexcept { return remote_.keys; }

    bool is_of(const backends::Store& store,
               const Remote& remote) const noexcept;

    /*
     * Warns once if sessions cannot go between this node and the last one that
     * wrote its record. Then writes its own record, if it has keys. Waits for
     * the store, so call it in a coroutine.
     */
    void compare() noexcept;

  private:
    void look();
    bool leave(const std::string& name);
    void warn(const std::string& name, std::string_view record);

    backends::Store& store_;
    const Remote& remote_;
    bool comparing_ = false;
    bool warned_ = false;
};

}  // namespace session_cache
