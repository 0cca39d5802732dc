/*
 * A destination of stories.
 */

#pragma once

#include "debug/stories/story.hpp"
#include "debug/tell/summary.hpp"

namespace debug {

class Output {
  public:
    virtual ~Output() = default;
    virtual void tell(const Story& story) = 0;
    virtual void conclude(const Summary& summary) = 0;
};

}  // namespace debug
