#pragma once

#include "fleet/checks.hpp"
#include "fleet/day.hpp"
#include "fleet/timeline.hpp"

#include <string>
#include <vector>

namespace fleet {

// What a run is told by.
struct Story {
    std::string title;
    const Timeline& timeline;
    const std::vector<Outcome>& outcomes;
    const Checks& checks;
};

// The timeline drawn, with its events.
std::string svg_of(const Story& story);

// A page with the drawing, what came of each event, and what held. It needs
// nothing from elsewhere.
std::string html_of(const Story& story);

}  // namespace fleet
