#pragma once

#include "fleet/nodes.hpp"
#include "fleet/store.hpp"
#include "fleet/timeline.hpp"
#include "soak/figures.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <sys/types.h>
#include <thread>

namespace fleet {

// Looks each second at what the store was asked, and what the nodes' workers
// hold. Prints the timeline.
class Watch {
  public:
    Watch(Nodes& nodes, const Store& store, Timeline& timeline);
    ~Watch() { stop(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    void stop();

    // When stopped: what is said against workers that still live, of their
    // memory in the course of their lives; empty when there is nothing.
    std::string growth() const;
    // Of how many that can be told.
    std::size_t measured() const;

  private:
    void run(const std::stop_token& stopped);
    // At the end of that second.
    void look(std::size_t second);

    Nodes& nodes_;
    const Store& store_;
    Timeline& timeline_;
    std::uint64_t requests_;                 // up to now
    std::map<pid_t, soak::Course> courses_;  // of present workers
    std::jthread thread_;
};

// The most descriptors that one of the workers holds, at a time when nobody
// visits.
long most_descriptors(Nodes& nodes);

}  // namespace fleet
