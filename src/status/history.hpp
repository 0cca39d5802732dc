/*
 * How handshakes ended in each minute of the last hour. It lies in memory that
 * processes share, and has what was counted when a minute began: whoever counts
 * a handshake in a minute as the first begins it. Where nobody comes nothing is
 * counted, so minutes can begin late.
 */

#pragma once

#include "status/snapshot.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace session_cache {

class History {
  public:
    static constexpr std::int64_t length = 60;

    using Totals = Numbers<n_endings>;

    /* Whether this minute, of those since 1970, has yet to begin; the clock may
     * have been set back. May be asked without the lock that all else needs. */
    bool is_due(std::int64_t minute) const noexcept;

    /* `totals` is what was counted before. */
    void begin(std::int64_t minute, const Totals& totals) noexcept;

    /* The oldest first; `totals` is what was counted up to now. May throw
     * std::bad_alloc. */
    std::vector<Minute> minutes(const Totals& totals) const;

  private:
    Totals& at(std::int64_t minute) noexcept;
    const Totals& at(std::int64_t minute) const noexcept;

    std::atomic<std::int64_t> now_{0}; /* the minute that has begun; 0: none */
    std::int64_t first_ = 0;           /* of those that are known */
    std::array<Totals, length> begins_{};
};

}  // namespace session_cache
