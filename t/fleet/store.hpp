#pragma once

#include "support/eventually.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace fleet {

// The servers that have the fleet's sessions, each behind a proxy that can be
// slow.
class Store {
  public:
    virtual ~Store() = default;

    // The directive's parameters.
    virtual std::string parameters() const = 0;

    // Whether another one takes the place of a master that is killed.
    virtual bool has_successors() const = 0;

    // Of several, the first; it is gone when this returns.
    virtual void kill_master() = 0;
    // The one that was killed comes back, with what it has by then.
    virtual void start_killed() = 0;

    virtual void freeze() = 0;
    virtual void thaw() = 0;

    // How long each request to it takes longer.
    virtual void set_delay(support::Milliseconds delay) = 0;

    // How many there were.
    virtual std::uint64_t requests() const = 0;

    // A part of what it has moves to a server that joins. Returns false where
    // the store cannot do that.
    virtual bool reshard() = 0;
};

// "redis", "sentinel", "cluster" or "memcached".
std::unique_ptr<Store> make_store(const std::string& kind);

}  // namespace fleet
