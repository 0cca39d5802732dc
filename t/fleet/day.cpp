#include "fleet/day.hpp"

#include <algorithm>
#include <cstdio>

namespace fleet {

namespace {

// Rates are taken over this many seconds. In less time there are too few
// visits.
constexpr std::size_t window = 2;
// The share of the usual rate that has to come back. After a loss of sessions,
// this takes 3.5 times as long as a client takes from visit to visit.
constexpr double recovered_part = 0.97;
// Before the first event, almost each client should have come. After the last
// one, the run goes on for a little.
constexpr double longest_warm_up = 15, cool_down = 3;

std::size_t whole(double second) {
    return static_cast<std::size_t>(second);
}

}  // namespace

std::string Outcome::text() const {
    if (!skipped.empty()) {
        return name + " left out: " + skipped;
    }
    char text[200];
    std::snprintf(text, sizeof text,
                  "%s, %.1f s: before %.1f %%, lowest %.1f %%, lost %u, back "
                  "after %.0f s (bound %.0f s)",
                  what.c_str(), end - begin, 100 * before, 100 * lowest, lost,
                  recovered.value_or(-1), bound);
    return text;
}

std::vector<const Event*> Day::wanted() const {
    std::vector<const Event*> list;
    for (const auto& name : scene_.options.script) {
        const auto& all = events();
        list.push_back(
            &*std::find_if(all.begin(), all.end(), [&](const Event& event) {
                return event.name == name;
            }));
    }
    return list;
}

// The end of a slot does not wait for its turn. It is measured when it comes.
void Day::run() {
    auto left = wanted();
    const double first = std::min(longest_warm_up, scene_.options.pause());
    const double last = 60 * scene_.options.minutes - cool_down;
    const double share = (last - first) / static_cast<double>(left.size());
    scene_.timeline.wait_until(first);
    usual_ = scene_.timeline.rate(0, whole(first));
    for (double at = first; !left.empty(); at += share) {
        scene_.timeline.wait_until(at);
        auto next = std::find_if(left.begin(), left.end(), [&](auto* event) {
            return event->name == "slot" && until_slot_ends() < share;
        });
        if (next == left.end()) {
            next = std::find_if(left.begin(), left.end(), [](auto* event) {
                return event->name != "slot";
            });
        }
        next = next != left.end() ? next : left.begin();
        const auto* event = *next;
        left.erase(next);
        happen(*event);
    }
    scene_.timeline.wait_until(std::max(last, scene_.timeline.now()) +
                               cool_down);
}

void Day::happen(const Event& event) {
    auto& timeline = scene_.timeline;
    std::printf("---- %s\n", event.what.c_str());
    Outcome outcome{.name = event.name, .what = event.what};
    const auto mark = timeline.begin_event(event.name);
    outcome.begin = timeline.now();
    const auto now = whole(outcome.begin);
    outcome.before = timeline.rate(now - std::min(now, 2 * window), now);
    outcome.skipped = event.run(scene_);
    timeline.end_event(mark);
    outcome.end = timeline.now();
    outcome.bound = event.bound(scene_);
    if (outcome.skipped.empty()) {
        recover(outcome);
        event.mend(scene_);
    }
    std::printf("---- %s\n", outcome.text().c_str());
    outcomes_.push_back(outcome);
}

void Day::recover(Outcome& outcome) const {
    const auto& timeline = scene_.timeline;
    const auto first = whole(outcome.begin), end = whole(outcome.end);
    auto now = end;
    while (!outcome.recovered &&
           static_cast<double>(now) < outcome.end + outcome.bound) {
        ++now;
        timeline.wait_until(static_cast<double>(now));
        if (now >= end + 1 + window &&
            timeline.rate(now - window, now) >= recovered_part * usual_) {
            outcome.recovered = static_cast<double>(now - window) - outcome.end;
        }
    }
    outcome.lowest = 1;
    for (auto second = first; second < now; ++second) {
        outcome.lowest =
            std::min(outcome.lowest, timeline.rate(second, second + 1));
    }
    outcome.lost = timeline.sum(first, now).lost;
}

}  // namespace fleet
