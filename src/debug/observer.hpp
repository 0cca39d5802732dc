/*
 * From frames to stories: connects the readers, the stories and the counts.
 */

#pragma once

#include "debug/capture/clock.hpp"
#include "debug/capture/connections.hpp"
#include "debug/capture/packets.hpp"
#include "debug/stories/stories.hpp"
#include "debug/tell/output.hpp"
#include "debug/tell/summary.hpp"
#include "debug/wire/roles.hpp"

#include <cstdint>
#include <functional>

namespace debug {

class Observer {
  public:
    using Tell = std::function<void(Story&&)>;

    Observer(const Roles& roles, const Names& names, Tell tell);

    void add(int link_type, const Capture::Frame& frame);

    /* Advances the capture's clock when there is no frame. */
    void advance(Time now);

    /* The capture's time, which does not step back. */
    Time now() const noexcept { return now_; }

    /* Hands out all open stories. */
    void finish();

    /* Adds the counts to the summary. */
    void add_to(Summary& summary, CaptureCounts capture) const;

  private:
    void go_on(Time steady);

    CaptureClock clock_;
    RedisNodes nodes_;
    Stories stories_;
    Connections connections_;
    Time now_{};
    std::uint64_t packets_ = 0;
    std::uint64_t not_tcp_ = 0;
    std::uint64_t quic_ = 0;
};

}  // namespace debug
