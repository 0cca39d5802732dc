/*
 * Chance, so that those who do the same do not do it at the same time.
 */

#pragma once

#include "coro/wait.hpp"

#include <chrono>
#include <openssl/rand.h>
#include <random>

namespace backends {

/* As std::shuffle() wants it. Not for secrets. */
class Random {
  public:
    using Engine = std::minstd_rand;
    using result_type = Engine::result_type;

    /* Unlike all others: what processes that start together have of the clock
     * is so alike that they would draw alike. */
    Random() noexcept : Random(seed()) {}
    /* One that is drawn from another one's draws what that draws. */
    explicit Random(result_type seed) noexcept : engine_(seed) {}

    static constexpr result_type min() noexcept { return Engine::min(); }
    static constexpr result_type max() noexcept { return Engine::max(); }
    result_type operator()() noexcept { return engine_(); }

    /* From the one to the other, both included. */
    coro::Time time(coro::Time from, coro::Time to) noexcept {
        std::uniform_int_distribution<coro::Time::rep> times(from.count(),
                                                             to.count());
        return coro::Time(times(engine_));
    }

  private:
    /* RAND_bytes() fails where OpenSSL has no source of its own. */
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
