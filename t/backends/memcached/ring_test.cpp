// Which of several servers has a key.

#include "backends/memcached/ring.hpp"

#include <algorithm>
#include <cstdint>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using backends::Server;
using backends::memcached::Ring;

namespace {

Server server(const std::string& name, unsigned weight = 1) {
    return {.name = name, .weight = weight};
}

// Hashes the servers of 20,000 keys to one number (FNV-1a).
std::uint64_t placement(const std::vector<Server>& servers) {
    REQUIRE(Ring::load() == "");
    const Ring ring(servers);
    std::uint64_t hash = 0xcbf29ce484222325;
    for (int i = 0; i < 20'000; ++i) {
        const auto at = ring.server_of("ngx_ssl:" + std::to_string(i * 7919));
        REQUIRE(at < servers.size());
        for (const unsigned char c : servers[at].name + "\n") {
            hash = (hash ^ c) * 0x100000001b3;
        }
    }
    return hash;
}

std::vector<Server> hundred() {
    std::vector<Server> servers;
    for (unsigned i = 0; i < 100; ++i) {
        servers.push_back(
            server("10.1.0." + std::to_string(i) + ":11211", 1 + i % 7 * 100));
    }
    return servers;
}

}  // namespace

// The numbers are those of the first released ring: nodes that have it share
// their stores with later versions.
TEST_CASE("ring: a key is where it always was") {
    const std::vector<Server> three{server("10.0.0.1:11211"),
                                    server("10.0.0.2:11211"),
                                    server("10.0.0.3:11211")};
    const std::vector<Server> weighted{server("cache-a.example.com:11211"),
                                       server("cache-b.example.com:11212", 5),
                                       server("[2001:db8::1]:11211", 2),
                                       server("unix:/run/memcached.sock")};
    CHECK(placement(three) == 0x59f3ae11ede7872f);
    CHECK(placement(weighted) == 0x908696b563c5b647);
    CHECK(placement(hundred()) == 0xf0a067cb90c49f33);
}

TEST_CASE("ring: in any order of the servers") {
    auto servers = hundred();
    const auto expected = placement(servers);
    std::reverse(servers.begin(), servers.end());
    CHECK(placement(servers) == expected);
    std::rotate(servers.begin(), servers.begin() + 37, servers.end());
    CHECK(placement(servers) == expected);
}

TEST_CASE("ring: as many servers as there may be, of any weight") {
    for (const unsigned weight : {1U, 3U, 1000U}) {
        std::vector<Server> servers;
        for (std::size_t i = 0; i < Ring::max_servers; ++i) {
            servers.push_back(
                server(std::to_string(i), i % 2 == 0 ? 1 : weight));
            placement(servers);
        }
    }
}

TEST_CASE("ring: the library is loaded for itself alone") {
    REQUIRE(Ring::load() == "");
    CHECK(dlsym(RTLD_DEFAULT, "memcached_create") == nullptr);
}
