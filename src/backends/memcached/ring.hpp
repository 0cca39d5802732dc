/*
 * Which of several memcached servers has a key: libmemcached's ring, ketama
 * with weights, which other clients have, too. Nothing here opens a socket or
 * reads a byte from outside.
 *
 * The library is loaded when it is needed, for it would bring libsasl2 and
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
    /* More servers are an assertion in libmemcached's update_continuum(). */
    static constexpr std::size_t max_servers = 100;

    /*
     * Loads the library, once in a process. Returns what is missing, or an
     * empty string. May block; to be called while nginx is configured.
     */
    static std::string load();

    /*
     * Of 1 to max_servers servers. It is made of their names and weights,
     * whatever their order, so that every node of a fleet makes the same.
     * load() has to have returned nothing. Throws std::bad_alloc.
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
