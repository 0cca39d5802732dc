// Bytes that are taken for a ticket's name, the record of a seed or of a slot,
// or a session ID of ours: nothing is accepted that was not made with our key.
//
// Input: what it is (1 byte: 0 a name, 1 a seed's record, 2 a slot's record, 3
// an ID), and whether a valid one is made first (1 byte). If it is 0, the rest
// is what is read. Else one is made, of a slot and seed ID (12 bytes, not for
// an ID), and the rest overwrites it from the position in the next byte. The
// key is that of a file of 80 times k; no random byte is compared.

#include "fuzz/fuzz.hpp"
#include "sessions/session_tag.hpp"
#include "tickets/seed.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string>
#include <string_view>

using namespace session_cache;
using namespace session_cache::tickets;

namespace {

const SealingKey& key() {
    static const SealingKey made(std::string(80, 'k'));
    return made;
}

SeedName seed_of(Input& input) {
    const auto start = input.number<std::uint32_t>();
    const auto length = input.number<std::uint32_t>();
    return {{start, length}, input.number<std::uint32_t>()};
}

std::string text_of(const TicketName& name) {
    return {name.begin(), name.end()};
}

// libFuzzer sees what == compares, and would forge a valid one.
bool are_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Slot other_than(const Slot& slot) {
    return {slot.start + 1, slot.length};
}

// Writes the rest over `made`, if there is one. The result may be longer.
std::string altered(Input& input, const std::string& made) {
    if (made.empty()) {
        return std::string(input.rest());
    }
    const std::size_t at = input.byte() % (made.size() + 1);
    std::string bytes = made;
    bytes.replace(at, std::min(input.rest().size(), bytes.size() - at),
                  input.rest());
    return bytes;
}

void check_name(Input& input, bool is_made, const SeedName& seed) {
    const std::string made = is_made ? text_of(ticket_name(key(), seed)) : "";
    const std::string bytes = altered(input, made);
    TicketName name{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), name.size()),
                name.begin());

    const auto read = read_ticket_name(key(), name);
    CHECK(read.has_value() ==
          (is_made && is_cut(seed.slot) && are_equal(text_of(name), made)));
    if (read) {
        CHECK(*read == seed);
        CHECK(are_equal(text_of(ticket_name(key(), *read)), text_of(name)));
    }
}

void check_seed(Input& input, bool is_made, const SeedName& name) {
    Seed seed;
    seed.bytes.fill(0x5a);
    seed.expires = 1767225600;
    const std::string made = is_made ? seed_record(key(), name, seed) : "";
    const std::string record = altered(input, made);

    Seed read;
    const bool is_read = read_seed_record(key(), name, record, read);
    CHECK(is_read == (is_made && are_equal(record, made)));
    if (is_read) {
        CHECK(read.bytes == seed.bytes);
        CHECK(read.expires == seed.expires);
    }
    CHECK_FALSE(read_seed_record(key(), {other_than(name.slot), name.id},
                                 record, read));
}

void check_slot(Input& input, bool is_made, const SeedName& name) {
    const std::string made = is_made ? slot_record(key(), name) : "";
    const std::string record = altered(input, made);

    const auto read = read_slot_record(key(), name.slot, record);
    CHECK(read.has_value() == (is_made && are_equal(record, made)));
    if (read) {
        CHECK(*read == name.id);
    }
    CHECK_FALSE(read_slot_record(key(), other_than(name.slot), record));
}

void check_id(Input& input, bool is_made) {
    std::string made = is_made ? std::string(32, 'i') : "";
    tag_session_id(
        key(), {reinterpret_cast<unsigned char*>(made.data()), made.size()});
    const std::string id = altered(input, made);
    const bool is_ours = is_tagged({&key(), 1}, bytes_of(id));

    CHECK(is_ours == (is_made && are_equal(id, made)));
}

}  // namespace

void fuzz(Input input) {
    const unsigned what = input.byte() % 4;
    const bool is_made = input.byte() != 0;
    const SeedName seed = is_made && what != 3 ? seed_of(input) : SeedName{};

    switch (what) {
    case 0:
        check_name(input, is_made, seed);
        break;
    case 1:
        check_seed(input, is_made, seed);
        break;
    case 2:
        check_slot(input, is_made, seed);
        break;
    default:
        check_id(input, is_made);
    }
    CHECK(ERR_peek_error() == 0);
}
