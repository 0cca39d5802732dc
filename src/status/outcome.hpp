/*
 * What the caches had for a handshake: the values of
 * $remote_ssl_session_cache_status.
 */

#pragma once

#include "backends/meter.hpp"

#include <array>
#include <cstddef>

namespace session_cache {

enum class Outcome {
    none,    /* the client offered nothing to look up */
    hit,     /* the store had it */
    local,   /* nginx's own shared cache had it */
    ticket,  /* it was in a stateless ticket */
    miss,    /* none of them had it, or there was no key for the ticket */
    timeout, /* the store did not answer in time */
    down,    /* the store was not connected, was lost, or gave an error */
    busy,    /* the queue was full, or there was no stack or memory */
    invalid, /* the stored value is no session for this client */
    count
};

inline constexpr std::size_t n_outcomes =
    static_cast<std::size_t>(Outcome::count);

inline constexpr std::array<const char*, n_outcomes> outcome_texts{
    "-",       "HIT",  "LOCAL", "TICKET", "MISS",
    "TIMEOUT", "DOWN", "BUSY",  "INVALID"};

/* An error also means that the store cannot be used. A wait is cancelled when
 * the client's connection times out. */
inline Outcome outcome_of(backends::Status status) noexcept {
    switch (status) {
    case backends::Status::hit:
        return Outcome::hit;
    case backends::Status::miss:
        return Outcome::miss;
    case backends::Status::timeout:
    case backends::Status::cancelled:
        return Outcome::timeout;
    case backends::Status::busy:
        return Outcome::busy;
    default:
        return Outcome::down;
    }
}

inline const char* text(Outcome outcome) noexcept {
    return outcome_texts[static_cast<std::size_t>(outcome)];
}

}  // namespace session_cache
