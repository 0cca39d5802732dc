/*
 * Time, divided into slots at multiples of their length since 1970. Each slot
 * has a ticket key of its own, and every node of a fleet computes the same
 * slots.
 */

#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace session_cache::tickets {

/* Both in seconds, in 32 bits, which end in 2106. */
struct Slot {
    std::uint32_t start = 0; /* since 1970, a multiple of `length` */
    std::uint32_t length = 0;

    std::time_t end() const noexcept { return std::time_t{start} + length; }
    Slot next() const noexcept { return {start + length, length}; }

    bool operator==(const Slot&) const = default;
};

inline constexpr std::chrono::seconds min_rotate = std::chrono::minutes(1);
inline constexpr std::chrono::seconds max_rotate = std::chrono::hours(7 * 24);

/* The slot of `now`. `rotate` is from min_rotate to max_rotate. */
inline Slot slot_at(std::time_t now, std::chrono::seconds rotate) noexcept {
    auto length = static_cast<std::uint32_t>(rotate.count());
    auto since = static_cast<std::uint32_t>(now > 0 ? now : 0);
    return {since - since % length, length};
}

/* Whether such a slot can exist. The length may be any number, also 0. */
inline bool is_cut(const Slot& slot) noexcept {
    return slot.length != 0 && slot.start % slot.length == 0 &&
           slot.length >= min_rotate.count() &&
           slot.length <= max_rotate.count();
}

}  // namespace session_cache::tickets
