/*
 * Puts the bytes of one direction of a TCP connection in order.
 *
 * Bytes that come too early wait. Their memory is counted with the nodes that
 * hold them, because a stranger may send segments of one byte. Apart from
 * copying bytes, no step takes longer than a search among the waiting pieces.
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

    /* The memory of a waiting piece in addition to its bytes: a map node. */
    static constexpr std::size_t piece_cost = 96;

    void begin(std::uint32_t sequence) noexcept {
        begun_ = true;
        next_ = first_lap + sequence;
    }
    bool begun() const noexcept { return begun_; }

    /* The sequence number of the next byte. */
    std::uint32_t next() const noexcept {
        return static_cast<std::uint32_t>(next_);
    }

    /* The sequence number of the first byte that waits. */
    std::optional<std::uint32_t> first_waiting() const;

    /* Adds a segment. `take` gets the bytes that are in order now, in one or
     * more parts. If bytes come twice, the first ones count. */
    void add(std::uint32_t sequence, std::string_view bytes, const Take& take);

    /* Gives up missing bytes before `sequence`. Never goes back. */
    void skip_to(std::uint32_t sequence, const Take& take);

    /* The memory of the bytes that wait. */
    std::size_t held() const noexcept { return held_; }

    /* Drops the bytes that wait. */
    void clear() noexcept;

  private:
    using Pieces = std::map<std::uint64_t, std::string>;

    /* Where places begin, so that bytes before the first one have a place. */
    static constexpr std::uint64_t first_lap = std::uint64_t(1) << 32;

    std::uint64_t place(std::uint32_t sequence) const noexcept;
    void store(std::uint64_t begin, std::string_view bytes);
    void drop(Pieces::iterator piece);
    void hand_out(const Take& take);

    bool begun_ = false;
    std::uint64_t next_ = 0; /* a sequence number that does not wrap */
    Pieces pieces_;          /* disjoint, all after next_ */
    std::size_t held_ = 0;
};

}  // namespace debug
