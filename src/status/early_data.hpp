/*
 * What became of a connection's early data where it is accepted once, as
 * $remote_ssl_session_cache_early_data tells it.
 */

#pragma once

#include <array>
#include <cstddef>

namespace session_cache {

enum class EarlyDataOutcome {
    none,     /* the client sent none that could have been accepted */
    accepted, /* for the first time in the fleet */
    replayed, /* refused: it has been there before */
    unknown,  /* refused: nobody can tell whether it has been there before */
    count
};

inline constexpr std::size_t n_early_data_outcomes =
    static_cast<std::size_t>(EarlyDataOutcome::count);

inline constexpr std::array<const char*, n_early_data_outcomes>
    early_data_texts{"-", "ACCEPTED", "REPLAYED", "UNKNOWN"};

inline constexpr const char* text(EarlyDataOutcome outcome) noexcept {
    return early_data_texts[static_cast<std::size_t>(outcome)];
}

}  // namespace session_cache
