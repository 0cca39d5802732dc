/*
 * The names of figures in JSON and in metrics.
 */

#pragma once

#include "backends/meter.hpp"
#include "status/tally.hpp"

#include <array>
#include <cstddef>

namespace session_cache {

template <std::size_t n>
using Names = std::array<const char*, n>;

inline constexpr Names<n_endings> ending_names{
    "full", "resumed_from_store", "resumed_from_local", "resumed_by_ticket",
    "broken_off"};

inline constexpr Names<backends::n_fetch_results> fetch_names{
    "hit", "miss", "timeout", "down", "busy", "failed", "cancelled"};

inline constexpr Names<backends::n_changes> change_names{
    "done", "failed", "lost", "down", "busy"};

/* By the age of a ticket's slot. */
inline constexpr Names<tickets::n_ages> age_names{"current", "previous",
                                                  "older"};

inline constexpr Names<tickets::n_unopened> unopened_names{
    "foreign", "missing", "no_answer", "damaged", "refused"};

inline constexpr Names<backends::n_kinds> kind_names{"get", "add", "set",
                                                     "delete"};

inline constexpr Names<4> state_names{"connecting", "up", "down", "closed"};

inline const char* name_of(backends::Meter::State state) {
    return state_names.at(static_cast<std::size_t>(state));
}

}  // namespace session_cache
