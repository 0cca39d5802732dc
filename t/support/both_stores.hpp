#pragma once

#include "support/memcached_server.hpp"
#include "support/redis_server.hpp"

#include <doctest/doctest.h>

TYPE_TO_STRING(support::RedisServer);
TYPE_TO_STRING(support::MemcachedServer);

// A test that runs once for each kind of store, with that as `Server`.
#define STORE_TEST_CASE(name)                                                  \
    TEST_CASE_TEMPLATE(name, Server, support::RedisServer,                     \
                       support::MemcachedServer)
