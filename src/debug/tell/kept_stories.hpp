/*
 * Selects the stories that the page shows: the latest, those of each outcome
 * that took longest, and those that waited longest for the store. Keeps their
 * text, within a bound.
 */

#pragma once

#include "debug/stories/story.hpp"
#include "debug/tell/summary.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace debug {

class KeptStories {
  public:
    static constexpr std::size_t latest_kept = 500;
    static constexpr std::size_t of_outcome_kept = 50;
    /* For the latest and for the worst, in bytes each. */
    static constexpr std::size_t max_held = 3 * 1024 * 1024;

    /* Adds the next story, with its text. */
    void add(const Story& story, std::string shown);

    using Text = std::shared_ptr<const std::string>;

    /* By number, from 1 on. */
    std::map<std::uint64_t, Text> all() const;

  private:
    /* By duration. Of two equal ones, the later ranks lower. */
    using Rank = std::tuple<Microseconds, Microseconds, std::uint64_t>;
    using Ranked = std::map<Rank, Text>; /* the lowest first */
    using Outcome = std::pair<End, std::string>;

    static std::uint64_t number_of(const Rank& rank);
    Ranked& of_outcome(const Story& story);
    void drop_least(Ranked& ranked);
    void keep_bounds();

    std::uint64_t last_ = 0;
    std::deque<Text> latest_;
    std::map<Outcome, Ranked> worst_;
    Ranked slowest_;
    std::size_t latest_held_ = 0; /* bytes */
    std::size_t worst_held_ = 0;
};

}  // namespace debug
