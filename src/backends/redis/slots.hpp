/*
 * Redis Cluster as its servers tell of it: which slot a key has, which server
 * has a slot, and where else they send who asks. Nothing here connects.
 */

#pragma once

#include "backends/redis/endpoint.hpp"
#include "backends/redis/protocol.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backends::redis {

inline constexpr std::size_t n_slots = 16384;

/*
 * A key's slot: CRC16 (XMODEM) of what is between the first { and the first }
 * behind it, or of all where there is no such thing, or nothing in it.
 */
std::uint16_t slot_of(std::string_view key) noexcept;

/* Which master has which slots. */
struct Topology {
    /* More are refused: clusters have 1,000 nodes at most. */
    static constexpr std::size_t max_masters = 1000;

    struct Range {
        std::uint16_t first;
        std::uint16_t last;   /* first to n_slots - 1 */
        std::uint16_t master; /* index */
    };

    std::vector<Endpoint> masters{}; /* with `ip` and `name` from Redis 7 on */
    std::vector<Range> ranges{};     /* the later one is right */
};

/*
 * An answer to CLUSTER SLOTS, of Redis 3 and later. Nothing: it is none, or it
 * has no slot. Masters without a port are left out, with their slots. Throws
 * std::bad_alloc.
 */
std::optional<Topology> parse_topology(const redisReply& reply);

/* "MOVED 3999 127.0.0.1:6381" or "ASK …": who has a slot, or will have it. */
struct Redirect {
    bool ask = false; /* this command only, behind ASKING */
    std::uint16_t slot = 0;
    Endpoint to{};
};

/* Nothing: the error reply is no such one. Throws std::bad_alloc. */
std::optional<Redirect> parse_redirect(std::string_view error);

}  // namespace backends::redis
