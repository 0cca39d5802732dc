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

// Checks each second what the store was asked, and what the nodes' workers
// hold. Prints the timeline.
class Watch {
  public:
    Watch(Nodes& nodes, const Store& store, Timeline& timeline);
    ~Watch() { stop(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    void stop();

    // Call this when stopped. Describes living workers whose memory has grown
    // during their lives. Empty if there are none.
    std::string growth() const;
    // For how many workers growth was measured.
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

// The highest number of descriptors of a worker, while nobody visits.
long most_descriptors(Nodes& nodes);

}  // namespace fleet
