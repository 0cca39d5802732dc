#pragma once

#include "simulate/servers.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace simulate {

// What goes wrong in a run, at times and for a while.
class Trouble {
  public:
    using Workers = std::vector<std::unique_ptr<Worker>>;

    Trouble(Network& network, Servers& servers, Workers& workers,
            const Terms& terms)
        : network_(network), world_(network.world()), servers_(servers),
          workers_(workers), terms_(terms) {}

    // Replaces a worker, which ends, with a new one.
    std::function<void(std::size_t)> reload;

    // Begins with trouble of the servers. There are no workers yet.
    void begin(Micros longest_pause);

    // All is well from now on, except for what is under way.
    void end();
    static constexpr Micros aftermath = Seconds(8);

  private:
    void go_on();
    void cause();
    void trouble_server();
    void trouble_worker();
    void trouble_network();
    // Undoes something after a while.
    void later(std::function<void()> undo);

    Network& network_;
    World& world_;
    Servers& servers_;
    Workers& workers_;
    const Terms& terms_;
    Micros longest_pause_{0};
    bool has_ended_ = false;
};

}  // namespace simulate
