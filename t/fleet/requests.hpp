#pragma once

#include <cstddef>
#include <string_view>

namespace fleet {

// How many of the module's requests begin in these bytes to a Redis or a
// memcached: lookups, sets and deletes. Does not count upkeep (pings, the slots
// of a cluster) or what servers send each other.
std::size_t count_requests(std::string_view bytes);

}  // namespace fleet
