#pragma once

#include "simulate/worker.hpp"
#include "tickets/keyring.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace simulate {

// The ticket keys of a worker, from its store.
class Ring {
  public:
    using Keyring = session_cache::tickets::Keyring;
    using TicketName = session_cache::tickets::TicketName;

    Ring(World& world, Worker& worker);
    // No coroutine may be running any more.
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // The name of the key that makes tickets. Nothing if there is none.
    std::optional<TicketName> current();

    // Opens a ticket of another worker, if the store has its key. A key with
    // other contents is a failure.
    void open(Ring& other);

    void connected();
    void close() { is_wanted_ = false; }

  private:
    // What the key makes of a text. Empty if it is not held.
    std::string mark(const TicketName& name);

    World& world_;
    Worker& worker_;
    bool is_wanted_ = true;
    session_cache::tickets::Meter meter_;
    session_cache::SealingKeys keys_;
    std::unique_ptr<Keyring> ring_;
};

}  // namespace simulate
