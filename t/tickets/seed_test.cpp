// Seeds as a store has them, and that nothing else is taken for one.

#include "sessions/seal.hpp"
#include "tickets/seed.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <openssl/err.h>
#include <set>

using namespace session_cache;
using namespace session_cache::tickets;

namespace {

constexpr Slot slot{1767225600, 3600};
constexpr SeedName some{slot, 0x01020304};

Seed make(std::time_t expires = 1767240000) {
    Seed seed;
    SeedId id;
    make_seed(seed, id);
    seed.expires = expires;
    return seed;
}

bool reads(const SealingKey& key, const SeedName& name,
           const std::string& record) {
    Seed seed;
    const bool is_one = read_seed_record(key, name, record, seed);
    CHECK(ERR_peek_error() == 0);
    return is_one;
}

// A record is read as it is, but not if it is changed in any way.
void check_changes(const std::string& whole,
                   const std::function<bool(const std::string&)>& is_read) {
    CHECK(is_read(whole));
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string record = whole;
        record[bit / 8] = static_cast<char>(whole[bit / 8] ^ 1 << bit % 8);
        CHECK_FALSE(is_read(record));
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(is_read(whole.substr(0, size)));
    }
    CHECK_FALSE(is_read(whole + '\0'));
    CHECK_FALSE(is_read(whole + whole));
    CHECK_FALSE(is_read(std::string(whole.size(), '\0')));
}

}  // namespace

TEST_CASE("seed: names that other implementations get, too") {
    // By Python's hmac, over "seed" or "slot" and struct.pack(">III", start,
    // length, seed or 0), with the key for names from 80 times k.
    const SealingKey key(std::string(80, 'k'));
    CHECK(seed_record_name("ngx_ssl:", key, some) ==
          "ngx_ssl:seed:352e74bb08b2307a27f914a6303936c3");
    CHECK(slot_record_name("ngx_ssl:", key, slot) ==
          "ngx_ssl:slot:9207f73a27d1453e7db678b46033c637");
}

TEST_CASE("seed: each of a key, a slot, a length and an ID has its name") {
    std::set<std::string> names;
    for (const char letter : {'a', 'b'}) {
        const SealingKey key(std::string(48, letter));
        for (const Slot& one : {slot, slot.next(), Slot{slot.start, 60}}) {
            names.insert(slot_record_name("", key, one));
            for (const SeedId id : {0U, 1U}) {
                names.insert(seed_record_name("", key, {one, id}));
            }
        }
    }
    CHECK(names.size() == 2 * 3 * 3);
}

TEST_CASE("seed: no two are alike") {
    std::set<std::string> seeds;
    std::set<SeedId> ids;
    for (int i = 0; i < 1000; ++i) {
        Seed seed;
        SeedId id;
        make_seed(seed, id);
        seeds.emplace(seed.bytes.begin(), seed.bytes.end());
        ids.insert(id);
    }
    CHECK(seeds.size() == 1000);
    CHECK(ids.size() > 990);
}

TEST_CASE("seed: a record is read back") {
    const SealingKey key(std::string(48, 'a'));
    for (const std::time_t expires :
         {std::time_t{0}, std::time_t{1767240000}, std::time_t{1} << 40}) {
        const Seed seed = make(expires);
        Seed read;
        REQUIRE(
            read_seed_record(key, some, seed_record(key, some, seed), read));
        CHECK(std::ranges::equal(read.bytes, seed.bytes));
        CHECK(read.expires == expires);
    }
    CHECK(read_slot_record(key, slot, slot_record(key, some)) == some.id);
}

TEST_CASE("seed: a record shows nothing, and is never the same") {
    const SealingKey key(std::string(48, 'a'));
    const Seed seed = make();
    const std::string secret(seed.bytes.begin(), seed.bytes.end());
    std::set<std::string> records;
    for (int i = 0; i < 100; ++i) {
        const std::string record = seed_record(key, some, seed);
        CHECK(record.find(secret) == record.npos);
        records.insert(record);
    }
    CHECK(records.size() == 100);
}

TEST_CASE("seed: a record that was changed is none") {
    const SealingKey key(std::string(48, 'a'));
    check_changes(seed_record(key, some, make()),
                  [&](const auto& record) { return reads(key, some, record); });
    check_changes(slot_record(key, some), [&](const auto& record) {
        return read_slot_record(key, slot, record).has_value();
    });
}

TEST_CASE("seed: a record of another seed, slot or length is none") {
    const SealingKey key(std::string(48, 'a'));
    const Seed seed = make();
    const std::string record = seed_record(key, some, seed);
    for (const SeedName& other :
         {SeedName{slot, 0x01020305}, SeedName{slot.next(), some.id},
          SeedName{{slot.start, 60}, some.id}}) {
        CHECK_FALSE(reads(key, other, record));
    }
    const std::string in_use = slot_record(key, some);
    for (const Slot& other : {slot.next(), Slot{slot.start, 60}}) {
        CHECK(read_slot_record(key, other, in_use) == std::nullopt);
    }
}

TEST_CASE("seed: a record of another key is none") {
    const SealingKey a(std::string(48, 'a'));
    const SealingKey b(std::string(48, 'b'));
    CHECK_FALSE(reads(b, some, seed_record(a, some, make())));
    CHECK(read_slot_record(b, slot, slot_record(a, some)) == std::nullopt);
}

TEST_CASE("seed: a record of the one kind is none of the other") {
    const SealingKey key(std::string(48, 'a'));
    CHECK_FALSE(reads(key, {slot, 0}, slot_record(key, {slot, 0})));
    CHECK(read_slot_record(key, slot, seed_record(key, {slot, 0}, make())) ==
          std::nullopt);
}
