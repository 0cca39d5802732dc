#include "tickets/seed.hpp"

#include "numbers/big_endian.hpp"
#include "sessions/seal.hpp"
#include "sessions/value.hpp"

#include <algorithm>
#include <openssl/rand.h>
#include <vector>

namespace session_cache::tickets {

namespace {

/* The purpose of a record, in place of a session ID, and with another
 * length. */
std::vector<unsigned char> purpose(std::string_view kind,
                                   const SeedName& seed) {
    std::vector<unsigned char> bytes(kind.begin(), kind.end());
    auto name = packed(seed);
    bytes.insert(bytes.end(), name.begin(), name.end());
    return bytes;
}

std::vector<unsigned char> purpose_of(const SeedName& seed) {
    return purpose("seed", seed);
}

std::vector<unsigned char> purpose_of(const Slot& slot) {
    return purpose("slot", {slot, 0});
}

/* Half of the keyed hash is enough to be unique. */
std::string record_name(std::string_view prefix, std::string_view kind,
                        const SealingKey& key, Bytes what) {
    std::string name(prefix);
    SealingKey::Name hash = key.name(what);
    return name_of(name.append(kind).append(":"), Bytes(hash).first(16));
}

template <std::size_t n>
std::string sealed(const SealingKey& key, Bytes what,
                   const std::array<unsigned char, n>& text) {
    std::string record(seal_head + n + seal_tail, '\0');
    auto* first = reinterpret_cast<unsigned char*>(record.data());

    std::copy(text.begin(), text.end(), first + seal_head);
    seal(key, {what, {}}, {first, record.size()});
    return record;
}

/* Whether `text` is what was sealed. */
template <std::size_t n>
bool unsealed(const SealingKey& key, Bytes what, std::string_view record,
              std::array<unsigned char, n>& text) {
    if (record.size() != seal_head + n + seal_tail) {
        return false;
    }

    SecretBytes opened;
    if (unseal({&key, 1}, {what, {}}, record, opened) != Refusal::none ||
        opened.view().size() != n) {
        return false;
    }
    std::ranges::copy(opened.view(), text.begin());
    return true;
}

/* Cleansed when it is destroyed. */
struct SeedText {
    static constexpr std::size_t seed_size = sizeof(Seed::bytes);
    std::array<unsigned char, seed_size + 8> bytes{};

    ~SeedText() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

}  // namespace

void make_seed(Seed& seed, SeedId& id) {
    std::array<unsigned char, sizeof(SeedId)> random;

    auto length = static_cast<int>(seed.bytes.size());
    require(RAND_priv_bytes(seed.bytes.data(), length) == 1 &&
            RAND_bytes(random.data(), random.size()) == 1);
    id = static_cast<SeedId>(numbers::read_big_endian(random));
}

std::string seed_record_name(std::string_view prefix, const SealingKey& key,
                             const SeedName& seed) {
    return record_name(prefix, "seed", key, purpose_of(seed));
}

std::string slot_record_name(std::string_view prefix, const SealingKey& key,
                             const Slot& slot) {
    return record_name(prefix, "slot", key, purpose_of(slot));
}

std::string seed_record(const SealingKey& key, const SeedName& name,
                        const Seed& seed) {
    SeedText text;

    std::ranges::copy(seed.bytes, text.bytes.begin());
    numbers::put_big_endian(static_cast<std::uint64_t>(seed.expires), 8,
                            text.bytes.begin() + SeedText::seed_size);
    return sealed(key, purpose_of(name), text.bytes);
}

std::string slot_record(const SealingKey& key, const SeedName& in_use) {
    std::array<unsigned char, sizeof(SeedId)> text;

    numbers::put_big_endian(in_use.id, text.size(), text.begin());
    return sealed(key, purpose_of(in_use.slot), text);
}

bool read_seed_record(const SealingKey& key, const SeedName& name,
                      std::string_view record, Seed& seed) {
    SeedText text;

    if (!unsealed(key, purpose_of(name), record, text.bytes)) {
        return false;
    }
    std::copy_n(text.bytes.begin(), seed.bytes.size(), seed.bytes.begin());
    seed.expires = static_cast<std::time_t>(numbers::read_big_endian(
        Bytes(text.bytes).subspan(SeedText::seed_size)));
    return true;
}

std::optional<SeedId> read_slot_record(const SealingKey& key, const Slot& slot,
                                       std::string_view record) {
    std::array<unsigned char, sizeof(SeedId)> text;

    if (!unsealed(key, purpose_of(slot), record, text)) {
        return std::nullopt;
    }
    return static_cast<SeedId>(numbers::read_big_endian(text));
}

}  // namespace session_cache::tickets
