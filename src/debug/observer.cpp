#include "debug/observer.hpp"

#include <algorithm>

namespace debug {

Observer::Observer(const Roles& roles, const Names& names, Tell tell)
    : stories_(names, std::move(tell)),
      connections_(
          [this, &roles](const Flow& flow) {
              return make_reader(roles, nodes_, flow, stories_, stories_);
          },
          [this, &roles](const Endpoint& end) {
              return roles.is_server(end) || nodes_.has(end);
          }) {}

void Observer::add(int link_type, const Capture::Frame& frame) {
    ++packets_;
    advance(frame.time);
    auto segment = decode(link_type, frame.time, frame.bytes, frame.length);
    if (!segment) {
        ++not_tcp_;
        return;
    }
    connections_.add(*segment);
}

/* Captures of several interfaces are not strictly in order. */
void Observer::advance(Time now) {
    now_ = std::max(now_, now);
    stories_.advance(now_);
}

void Observer::finish() {
    connections_.finish(now_);
    stories_.finish();
}

void Observer::add_to(Summary& summary, CaptureCounts capture) const {
    capture.packets = packets_;
    capture.not_tcp = not_tcp_;
    summary.add(capture);
    summary.add(stories_.counts());
    summary.add(connections_.counts(), stories_.let_go());
}

}  // namespace debug
