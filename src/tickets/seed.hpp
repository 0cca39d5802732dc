/*
 * Seeds in the store. A seed and the key file make the ticket key of a slot.
 * With only one of the two, no ticket can be opened.
 *
 * There are two kinds of records. Both are sealed with the file's key, and only
 * for their names (sessions/seal.hpp):
 *
 *     PREFIXseed:...   a seed: its 32 bytes, and until when it is needed
 *     PREFIXslot:...   which seed is in use in a slot: its ID
 *
 * The rest of a name is a keyed hash of slot, length and seed ID.
 */

#pragma once

#include "sessions/sealing_key.hpp"
#include "sessions/secret.hpp"
#include "tickets/ticket_name.hpp"

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace session_cache::tickets {

/* Cleansed when it is destroyed. */
struct Seed {
    SealingKey::TicketSeed bytes{};
    std::time_t expires = 0; /* when the last of its tickets has expired */

    ~Seed() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

/* All of these throw std::bad_alloc, also if OpenSSL fails. */

/* Makes a new seed of random bytes, with a random ID. */
void make_seed(Seed& seed, SeedId& id);

std::string seed_record_name(std::string_view prefix, const SealingKey& key,
                             const SeedName& seed);
std::string slot_record_name(std::string_view prefix, const SealingKey& key,
                             const Slot& slot);

std::string seed_record(const SealingKey& key, const SeedName& name,
                        const Seed& seed);
std::string slot_record(const SealingKey& key, const SeedName& in_use);

/* False, or nothing, if the record is not what was written under that name.
 * Records come from a store, and so from anybody. */
bool read_seed_record(const SealingKey& key, const SeedName& name,
                      std::string_view record, Seed& seed);
std::optional<SeedId> read_slot_record(const SealingKey& key, const Slot& slot,
                                       std::string_view record);

}  // namespace session_cache::tickets
