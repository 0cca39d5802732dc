/*
 * How handshakes ended in each minute of the last hour. It is in memory that
 * processes share, and has the totals at the beginning of each minute. The
 * first worker that counts a handshake in a minute begins it. Without
 * handshakes nothing is counted, so minutes can begin late.
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

    /* Whether this minute (since 1970) has yet to begin. The clock may have
     * been set back. Needs no lock, unlike everything else. */
    bool is_due(std::int64_t minute) const noexcept;

    /* `totals` are the counts before that minute. */
    void begin(std::int64_t minute, const Totals& totals) noexcept;

    /* The oldest first. `totals` are the counts up to now. May throw
     * std::bad_alloc. */
    std::vector<Minute> minutes(const Totals& totals) const;

  private:
    Totals& at(std::int64_t minute) noexcept;
    const Totals& at(std::int64_t minute) const noexcept;

    std::atomic<std::int64_t> now_{0}; /* the minute that has begun; 0: none */
    std::int64_t first_ = 0;           /* the first known minute */
    std::array<Totals, length> begins_{};
};

}  // namespace session_cache
