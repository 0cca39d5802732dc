/*
 * What became of a connection's early data with early_data=once: the values of
 * $remote_ssl_session_cache_early_data.
 */

#pragma once

#include <array>
#include <cstddef>

namespace session_cache {

enum class EarlyDataOutcome {
    none,     /* the client sent none that could have been accepted */
    accepted, /* for the first time in the fleet */
    replayed, /* refused: it was accepted before */
    unknown,  /* refused: it is not known whether it is new */
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
