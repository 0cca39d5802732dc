#pragma once

#include "fleet/store.hpp"

#include <memory>

namespace fleet {

// One server, without a successor.
std::unique_ptr<Store> make_redis();
// A primary, its replica and three Sentinels.
std::unique_ptr<Store> make_sentinel();
// Three masters with a replica each.
std::unique_ptr<Store> make_cluster();
// Three servers in a ring.
std::unique_ptr<Store> make_memcached();

}  // namespace fleet
