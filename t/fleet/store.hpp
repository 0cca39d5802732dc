#pragma once

#include "support/eventually.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace fleet {

// The servers with the fleet's sessions, each behind a proxy that can be slow.
class Store {
  public:
    virtual ~Store() = default;

    // The directive's parameters.
    virtual std::string parameters() const = 0;

    // Whether another server replaces a killed master.
    virtual bool has_successors() const = 0;

    // Kills the first of several. It is gone when this returns.
    virtual void kill_master() = 0;
    // Starts the killed one again, with the data that it still has.
    virtual void start_killed() = 0;

    virtual void freeze() = 0;
    virtual void thaw() = 0;

    // How much longer each request takes.
    virtual void set_delay(support::Milliseconds delay) = 0;

    // How many requests there were.
    virtual std::uint64_t requests() const = 0;

    // Moves a part of the data to a server that joins. Returns false if the
    // store cannot do that.
    virtual bool reshard() = 0;
};

// "redis", "sentinel", "cluster" or "memcached".
std::unique_ptr<Store> make_store(const std::string& kind);

}  // namespace fleet
