#pragma once

#include "simulate/servers.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace simulate {

// What goes wrong in a run, now and then, for a while.
class Trouble {
  public:
    using Workers = std::vector<std::unique_ptr<Worker>>;

    Trouble(Network& network, Servers& servers, Workers& workers,
            const Terms& terms)
        : network_(network), world_(network.world()), servers_(servers),
          workers_(workers), terms_(terms) {}

    // Puts a new worker in the place of one, which ends.
    std::function<void(std::size_t)> reload;

    // Of the servers at once, and of workers, of whom there are none yet.
    void begin(Micros longest_pause);

    // All is well from now on, but for what takes until then.
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
