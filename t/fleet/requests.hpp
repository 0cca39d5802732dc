#pragma once

#include <cstddef>
#include <string_view>

namespace fleet {

// How many requests of the module begin in what goes to a Redis or to a
// memcached: lookups, sets and deletes. What its upkeep takes (pings, the slots
// of a cluster) and what servers tell each other is not counted.
std::size_t count_requests(std::string_view bytes);

}  // namespace fleet
