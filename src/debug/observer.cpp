#include "debug/observer.hpp"

#include <algorithm>

namespace debug {

Observer::Observer(const Roles& roles, const Names& names, Tell tell)
    : stories_(names,
               [this, tell = std::move(tell)](Story&& story) {
                   story.begin = clock_.given(story.begin);
                   tell(std::move(story));
               }),
      connections_(
          [this, &roles](const Flow& flow) {
              return make_reader(roles, nodes_, flow, stories_, stories_);
          },
          [this, &roles](const Endpoint& end) {
              return roles.is_server(end) || nodes_.has(end);
          }) {}

void Observer::add(int link_type, const Capture::Frame& frame) {
    ++packets_;
    Time time = clock_.steady(frame.time);
    go_on(time);
    auto segment = decode(link_type, time, frame.bytes, frame.length);
    if (!segment) {
        ++not_tcp_;
        quic_ += is_quic(link_type, frame.bytes) ? 1 : 0;
        return;
    }
    connections_.add(*segment);
}

void Observer::advance(Time now) {
    go_on(clock_.steady(now));
}

/* Captures of several interfaces are not strictly in order. */
void Observer::go_on(Time steady) {
    now_ = std::max(now_, steady);
    stories_.advance(now_);
    connections_.advance(now_);
}

void Observer::finish() {
    connections_.finish(now_);
    stories_.finish();
}

void Observer::add_to(Summary& summary, CaptureCounts capture) const {
    capture.packets = packets_;
    capture.not_tcp = not_tcp_;
    capture.quic = quic_;
    summary.add(capture);
    summary.add(stories_.counts());
    summary.add(connections_.counts(), stories_.let_go());
}

}  // namespace debug
