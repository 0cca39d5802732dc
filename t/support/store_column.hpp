#pragma once

#include "support/both_stores.hpp"

#include <string>
#include <type_traits>

namespace support {

// The fault table's column of a STORE_TEST_CASE.
template <class Server>
std::string store_column() {
    return std::is_same_v<Server, RedisServer> ? "Redis" : "memcached";
}

}  // namespace support
