/*
 * What a Redis Cluster's servers report: which server has a slot, and
 * redirects. And which slot a key has. Nothing here connects.
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
 * after it. If there is no such part, or it is empty, of the whole key.
 */
std::uint16_t slot_of(std::string_view key) noexcept;

/* Which master has which slots. */
struct Topology {
    /* More are refused: clusters have at most 1,000 nodes. */
    static constexpr std::size_t max_masters = 1000;

    struct Range {
        std::uint16_t first;
        std::uint16_t last;   /* first to n_slots - 1 */
        std::uint16_t master; /* index */
    };

    std::vector<Endpoint> masters{}; /* with `ip` and `name` from Redis 7 on */
    std::vector<Range> ranges{};     /* a later one overrides earlier ones */
};

/*
 * Reads an answer to CLUSTER SLOTS, of Redis 3 and later. Nothing if it is not
 * one, or has no slot. Leaves out masters without a port, with their slots.
 * Throws std::bad_alloc.
 */
std::optional<Topology> parse_topology(const redisReply& reply);

/* "MOVED 3999 127.0.0.1:6381" or "ASK …": which server has a slot, or will have
 * it. */
struct Redirect {
    bool ask = false; /* only this command, after ASKING */
    std::uint16_t slot = 0;
    Endpoint to{};
};

/* Nothing if the error reply is not a redirect. Throws std::bad_alloc. */
std::optional<Redirect> parse_redirect(std::string_view error);

}  // namespace backends::redis
