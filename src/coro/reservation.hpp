/*
 * How much memory stacks may reserve. Mostly that costs nothing until it is
 * touched. But where reservations are counted (RLIMIT_AS, RLIMIT_DATA, and
 * vm.overcommit_memory=2) they would take from what malloc(3) needs.
 */

#pragma once

#include <cstddef>

namespace coro {

/*
 * Bytes, of which `reserved` are so already: a quarter of what is left to this
 * process; and of what the machine has left, if it counts, a quarter's equal
 * share for each of `processes`. Read anew with each call; the largest number
 * where nothing is counted, or /proc does not tell.
 */
std::size_t reservable(std::size_t reserved, std::size_t processes) noexcept;

}  // namespace coro
