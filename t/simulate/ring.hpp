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
    // No coroutine may run any more.
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // That tickets are made with; nothing: there is none.
    std::optional<TicketName> current();

    // Opens a ticket of another's, if the store has its key. A key of another
    // content is a failure.
    void open(Ring& other);

    void connected();
    void close() { is_wanted_ = false; }

  private:
    // What the key makes of a text; empty: it is not held.
    std::string mark(const TicketName& name);

    World& world_;
    Worker& worker_;
    bool is_wanted_ = true;
    session_cache::tickets::Meter meter_;
    session_cache::SealingKeys keys_;
    std::unique_ptr<Keyring> ring_;
};

}  // namespace simulate
