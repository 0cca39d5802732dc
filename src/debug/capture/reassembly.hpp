/*
 * The bytes of one direction of a TCP connection, put in order again.
 *
 * What comes too early waits. What it costs is counted with the nodes that
 * hold it: a stranger may send segments of one byte. No step takes longer
 * than a search among what waits, but for bytes that it hands on or drops.
 */

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace debug {

class Reassembly {
  public:
    using Take = std::function<void(std::string_view bytes)>;

    /* Of a piece that waits, beside its bytes: a node of the map. */
    static constexpr std::size_t piece_cost = 96;

    void begin(std::uint32_t sequence) noexcept {
        begun_ = true;
        next_ = first_lap + sequence;
    }
    bool begun() const noexcept { return begun_; }

    /* The sequence number of the byte that is to come next. */
    std::uint32_t next() const noexcept {
        return static_cast<std::uint32_t>(next_);
    }

    /* That of the first byte that waits. */
    std::optional<std::uint32_t> first_waiting() const;

    /* A segment; `take` gets what is in order with it, in one or more parts.
     * Of bytes that come twice the first ones count. */
    void add(std::uint32_t sequence, std::string_view bytes, const Take& take);

    /* Gives up what precedes `sequence`; no step back. */
    void skip_to(std::uint32_t sequence, const Take& take);

    /* What waits, in bytes of memory. */
    std::size_t held() const noexcept { return held_; }

    /* Forgets what waits. */
    void clear() noexcept;

  private:
    using Pieces = std::map<std::uint64_t, std::string>;

    /* So that what is behind the beginning has a place, too. */
    static constexpr std::uint64_t first_lap = std::uint64_t(1) << 32;

    std::uint64_t place(std::uint32_t sequence) const noexcept;
    void store(std::uint64_t begin, std::string_view bytes);
    void drop(Pieces::iterator piece);
    void hand_out(const Take& take);

    bool begun_ = false;
    std::uint64_t next_ = 0; /* sequence numbers that do not wrap around */
    Pieces pieces_;          /* disjoint, all behind next_ */
    std::size_t held_ = 0;
};

}  // namespace debug
