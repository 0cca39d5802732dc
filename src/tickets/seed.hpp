/*
 * Seeds, as the store has them. Of a seed and the key file the ticket key of a
 * slot is made: who has only one of the two can open no ticket.
 *
 * Two kinds of records, both sealed with the file's key and for their names
 * alone (sessions/seal.hpp):
 *
 *     PREFIXseed:...   a seed: its 32 bytes, and until when it is needed
 *     PREFIXslot:...   which seed is in use in a slot: its ID
 *
 * What follows is a keyed hash of slot, length and seed ID.
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

/* Cleansed when it goes. */
struct Seed {
    SealingKey::TicketSeed bytes{};
    std::time_t expires = 0; /* when the last of its tickets has expired */

    ~Seed() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

/* All of these throw std::bad_alloc, also when OpenSSL fails. */

/* A new one, of random bytes, with an ID that is random, too. */
void make_seed(Seed& seed, SeedId& id);

std::string seed_record_name(std::string_view prefix, const SealingKey& key,
                             const SeedName& seed);
std::string slot_record_name(std::string_view prefix, const SealingKey& key,
                             const Slot& slot);

std::string seed_record(const SealingKey& key, const SeedName& name,
                        const Seed& seed);
std::string slot_record(const SealingKey& key, const SeedName& in_use);

/* False, or nothing: it is not what was written under that name. Both are of
 * a store, so of anybody. */
bool read_seed_record(const SealingKey& key, const SeedName& name,
                      std::string_view record, Seed& seed);
std::optional<SeedId> read_slot_record(const SealingKey& key, const Slot& slot,
                                       std::string_view record);

}  // namespace session_cache::tickets
