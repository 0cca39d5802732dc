#pragma once

#include "fleet/checks.hpp"
#include "fleet/day.hpp"
#include "fleet/timeline.hpp"

#include <string>
#include <vector>

namespace fleet {

// The data of a run's pictures.
struct Story {
    std::string title;
    const Timeline& timeline;
    const std::vector<Outcome>& outcomes;
    const Checks& checks;
};

// The timeline drawn, with its events.
std::string svg_of(const Story& story);

// A page with the drawing, the result of each event, and the checks. It loads
// nothing from elsewhere.
std::string html_of(const Story& story);

}  // namespace fleet
