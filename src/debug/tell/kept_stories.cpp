#include "debug/tell/kept_stories.hpp"

#include <algorithm>

namespace debug {

namespace {

/* A log may contain any status. Those beyond the limit share one entry. */
constexpr std::size_t most_outcomes = 64;

/* The memory of each, without its text. */
constexpr std::size_t node_cost = 256;

std::size_t cost(const KeptStories::Text& text) {
    return node_cost + text->capacity();
}

}  // namespace

std::uint64_t KeptStories::number_of(const Rank& rank) {
    return ~std::get<std::uint64_t>(rank);
}

KeptStories::Ranked& KeptStories::of_outcome(const Story& story) {
    Outcome outcome(story.end, story.status);
    if (worst_.size() >= most_outcomes && !worst_.contains(outcome)) {
        outcome = {End::unknown, "?"};
    }
    return worst_[outcome];
}

void KeptStories::add(const Story& story, std::string shown) {
    auto text = std::make_shared<const std::string>(std::move(shown));
    constexpr Microseconds none{-1};
    Microseconds waited = story.lookup.value_or(none);
    ++last_;

    latest_.push_back(text);
    latest_held_ += cost(text);
    of_outcome(story).emplace(
        Rank(waited, story.handshake.value_or(none), ~last_), text);
    worst_held_ += cost(text);
    if (story.lookup) {
        slowest_.emplace(Rank(waited, none, ~last_), text);
    }
    keep_bounds();
}

void KeptStories::drop_least(Ranked& ranked) {
    worst_held_ -= cost(ranked.begin()->second);
    ranked.erase(ranked.begin());
}

void KeptStories::keep_bounds() {
    while (latest_.size() > latest_kept || latest_held_ > max_held) {
        latest_held_ -= cost(latest_.front());
        latest_.pop_front();
    }
    for (auto& [outcome, ranked] : worst_) {
        if (ranked.size() > of_outcome_kept) {
            drop_least(ranked);
        }
    }
    while (worst_held_ > max_held) {
        drop_least(std::max_element(worst_.begin(), worst_.end(),
                                    [](const auto& a, const auto& b) {
                                        return a.second.size() <
                                               b.second.size();
                                    })
                       ->second);
    }
    if (slowest_.size() > Summary::slowest_kept) {
        slowest_.erase(slowest_.begin());
    }
}

std::map<std::uint64_t, KeptStories::Text> KeptStories::all() const {
    std::map<std::uint64_t, Text> all;
    std::uint64_t number = last_ - latest_.size();
    for (const Text& text : latest_) {
        all.emplace(++number, text);
    }
    for (const auto& [outcome, ranked] : worst_) {
        for (const auto& [rank, text] : ranked) {
            all.emplace(number_of(rank), text);
        }
    }
    for (const auto& [rank, text] : slowest_) {
        all.emplace(number_of(rank), text);
    }
    return all;
}

}  // namespace debug
