// Session IDs that show whose they are.

#include "sessions/session_tag.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <openssl/rand.h>
#include <string>
#include <vector>

using namespace session_cache;

namespace {

using Id = std::vector<unsigned char>;

SealingKeys keys_of(const std::string& names) {
    SealingKeys keys;
    for (const char name : names) {
        keys.emplace_back(std::string(48, name));
    }
    return keys;
}

Id random_id(std::size_t size = 32) {
    Id id(size);
    REQUIRE(RAND_bytes(id.data(), static_cast<int>(id.size())) == 1);
    return id;
}

Id tagged(const SealingKey& key, Id id) {
    tag_session_id(key, id);
    return id;
}

}  // namespace

TEST_CASE("session tag: a value that other implementations get, too") {
    // By Python's hmac, with the key for names from 80 times k, over
    // "ngx_ssl_session_cache tag of session IDs" and 28 bytes of 0xa5.
    const SealingKey key(std::string(80, 'k'));
    const Id id = tagged(key, Id(32, 0xa5));
    CHECK(std::all_of(id.begin(), id.begin() + 28,
                      [](unsigned char byte) { return byte == 0xa5; }));
    CHECK(Id(id.begin() + 28, id.end()) == Id{0xaa, 0xf7, 0x37, 0x80});
}

TEST_CASE("session tag: one is known by any of the keys") {
    const Id id = tagged(keys_of("b")[0], random_id());
    CHECK(is_tagged(keys_of("b"), id));
    CHECK(is_tagged(keys_of("ab"), id));
    CHECK(is_tagged(keys_of("ba"), id));
    CHECK_FALSE(is_tagged(keys_of("a"), id));
    CHECK_FALSE(is_tagged(keys_of(""), id));
}

TEST_CASE("session tag: with any one bit changed it is none") {
    const auto keys = keys_of("a");
    const Id whole = tagged(keys[0], random_id());
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        Id id = whole;
        id[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
        CHECK_FALSE(is_tagged(keys, id));
    }
}

TEST_CASE("session tag: IDs of all lengths, of which short ones have none") {
    const auto keys = keys_of("a");
    for (std::size_t size = 0; size <= 32; ++size) {
        const Id id = random_id(size);
        const Id with = tagged(keys[0], id);
        CHECK_FALSE(is_tagged(keys, id));
        CHECK(is_tagged(keys, with) == (size >= 16));
        CHECK((with == id) == (size < 16));
    }
    CHECK_FALSE(is_tagged(keys, random_id(33)));
    CHECK_FALSE(is_tagged(keys, random_id(100)));
}

TEST_CASE("session tag: a hundred thousand random IDs have none") {
    const auto keys = keys_of("a");
    int known = 0;
    for (int i = 0; i < 100'000; ++i) {
        known += is_tagged(keys, random_id()) ? 1 : 0;
    }
    CHECK(known == 0);
}

TEST_CASE("session tag: it is no part of a session's name") {
    const auto keys = keys_of("a");
    const Id id = tagged(keys[0], Id(32, 0xa5));
    for (const std::size_t size : {28U, 32U}) {
        const auto name = keys[0].name(Bytes(id).first(size));
        CHECK_FALSE(std::equal(id.begin() + 28, id.end(), name.begin()));
    }
}
