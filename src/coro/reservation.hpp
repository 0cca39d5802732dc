/*
 * How much memory stacks may reserve. Usually a reservation costs nothing until
 * it is touched. But where reservations are counted (RLIMIT_AS, RLIMIT_DATA,
 * vm.overcommit_memory=2) they reduce what malloc(3) can get.
 */

#pragma once

#include <cstddef>

namespace coro {

/*
 * Returns bytes, including the `reserved` ones: a quarter of what this process
 * has left. If the machine counts, at most a quarter of what the machine has
 * left, in equal shares for `processes`. Reads the limits at each call. The
 * largest number if nothing is counted or /proc does not tell.
 */
std::size_t reservable(std::size_t reserved, std::size_t processes) noexcept;

}  // namespace coro
