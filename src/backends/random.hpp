/*
 * Random numbers, so that workers with the same task do not act at the same
 * time.
 */

#pragma once

#include "coro/wait.hpp"

#include <chrono>
#include <openssl/rand.h>
#include <random>

namespace backends {

/* A generator for std::shuffle(). Not for secrets. */
class Random {
  public:
    using Engine = std::minstd_rand;
    using result_type = Engine::result_type;

    /* Seeded differently in each process. Processes that start together would
     * read almost the same clock, and so draw the same numbers. */
    Random() noexcept : Random(seed()) {}
    /* A generator whose seed is fixed. */
    explicit Random(result_type seed) noexcept : engine_(seed) {}

    static constexpr result_type min() noexcept { return Engine::min(); }
    static constexpr result_type max() noexcept { return Engine::max(); }
    result_type operator()() noexcept { return engine_(); }

    /* A time from `from` to `to`, both included. */
    coro::Time time(coro::Time from, coro::Time to) noexcept {
        std::uniform_int_distribution<coro::Time::rep> times(from.count(),
                                                             to.count());
        return coro::Time(times(engine_));
    }

  private:
    /* RAND_bytes() fails if OpenSSL has no entropy source. */
    static result_type seed() noexcept {
        unsigned value = 0;
        if (RAND_bytes(reinterpret_cast<unsigned char*>(&value),
                       sizeof(value)) != 1) {
            value = static_cast<unsigned>(
                std::chrono::steady_clock::now().time_since_epoch().count());
        }
        return value;
    }

    Engine engine_;
};

}  // namespace backends
