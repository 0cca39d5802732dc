/*
 * Which of several memcached servers has a key: libmemcached's ring, ketama
 * with weights, as other clients use it. Nothing here opens a socket or reads a
 * byte from outside.
 *
 * The library is loaded only when needed, because it would bring libsasl2 and
 * another libcrypto into every nginx.
 */

#pragma once

#include "backends/store.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct memcached_st;

namespace backends::memcached {

class Ring {
  public:
    /* More servers fail an assertion in libmemcached's update_continuum(). */
    static constexpr std::size_t max_servers = 100;

    /*
     * Loads the library, once in a process. Returns what is missing, or an
     * empty string. May block, so call it while nginx reads its configuration.
     */
    static std::string load();

    /*
     * Makes the ring from the names and weights of 1 to max_servers servers,
     * whatever their order, so that every node of a fleet has the same. load()
     * must have returned an empty string. Throws std::bad_alloc.
     */
    explicit Ring(const std::vector<Server>& servers);

    /* The index of the server that has `key`. */
    std::size_t server_of(std::string_view key) const noexcept;

  private:
    struct Free {
        void operator()(memcached_st* ring) const noexcept;
    };

    std::unique_ptr<memcached_st, Free> ring_;
};

}  // namespace backends::memcached
