/*
 * A ticket's name, by which its key is found: "key_name" of RFC 5077, 4. It is
 * one AES block of the slot, the seed and 32 zero bits, under a key of the key
 * file. So it is opaque, and recognized without asking anyone.
 */

#pragma once

#include "sessions/sealing_key.hpp"
#include "tickets/slot.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace session_cache::tickets {

using TicketName = SealingKey::NameBlock;
using SeedId = std::uint32_t;

/* What a seed is for, and so the contents of a ticket's name. */
struct SeedName {
    Slot slot;
    SeedId id = 0;

    bool operator==(const SeedName&) const = default;
};

/* Slot and seed as 12 bytes, in network order. */
using SeedNameBytes = std::array<unsigned char, 12>;
SeedNameBytes packed(const SeedName& seed) noexcept;

/* Throws std::bad_alloc if OpenSSL fails, as below. */
TicketName ticket_name(const SealingKey& key, const SeedName& seed);

/* Nothing if it is not a name under this key. */
std::optional<SeedName> read_ticket_name(const SealingKey& key,
                                         const TicketName& name);

}  // namespace session_cache::tickets
