// The keys that sessions are sealed with, and how they are made from files.

#include "sessions/sealing_key.hpp"
#include "support/hex.hpp"
#include "support/memory_scan.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <doctest/doctest.h>
#include <numeric>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace session_cache;
using support::hex;

namespace {

std::vector<unsigned char> session_id(unsigned char first) {
    std::vector<unsigned char> id(32, 0xa5);
    id[0] = first;
    return id;
}

std::string derived(const SealingKey& key, Bytes id) {
    SealingKey::SessionKey own;
    key.derive(id, own);
    return hex(own.bytes);
}

}  // namespace

TEST_CASE("sealing key: the sizes that a file may have") {
    for (std::size_t size = 0; size < 200; ++size) {
        CHECK(SealingKey::is_size(size) ==
              (size == 32 || size == 48 || size == 80));
    }
}

TEST_CASE("sealing key: a file with few different bytes is not random") {
    std::string file(48, 'a');
    for (char other = 'b'; other <= 'g'; ++other) {
        file.back() = other;
        std::rotate(file.begin(), file.begin() + 1, file.end());
        CHECK_FALSE(SealingKey::is_varied(file));
    }
    file.back() = '\xff';
    CHECK(SealingKey::is_varied(file));
    CHECK_FALSE(SealingKey::is_varied(""));
}

TEST_CASE("sealing key: values that other implementations get, too") {
    // By Python's hmac and hashlib, following RFC 5869.
    const SealingKey key(std::string(80, 'k'));
    CHECK(hex(key.id()) == "ad1827a736a9a17d");
    CHECK(hex(key.name(session_id(0))) == "c541cd4c2cd10429361f66a99209cef0"
                                          "9998920ca27f9210cb01389711991d35");
    CHECK(derived(key, session_id(0)) == "b0149bf254691b89212b6b3f08a05193"
                                         "890e1be2bac13bcb0ef9c3516862de65");
}

TEST_CASE("sealing key: for tickets, values that others get, too") {
    // By Python's hmac, following RFC 5869, and by `openssl enc -aes-256-ecb
    // -nopad`.
    const SealingKey key(std::string(80, 'k'));
    SealingKey::NameBlock plain;
    std::iota(plain.begin(), plain.end(), std::uint8_t{0});
    CHECK(hex(key.cover(plain)) == "44fbb98e15cf57342bf7c0da6153ab70");
    CHECK(key.uncover(key.cover(plain)) == plain);

    std::array<unsigned char, 32> seed;
    std::iota(seed.begin(), seed.end(), std::uint8_t{0});
    std::array<unsigned char, 64> out;
    key.derive(seed, plain, out);
    CHECK(hex(out) == "976f9bc679a0856554e5bf4abe352307"
                      "e7b99c7411055d19e6a01b5a29db2c73"
                      "1ca881f51491aed763f6d9802d187b91"
                      "060f00a4a7f15ab360e63289e0644cea");
}

TEST_CASE("sealing key: a block is covered as if none had been before") {
    const SealingKey key(std::string(80, 'k'));
    const SealingKey::NameBlock plain{1};
    const auto once = key.cover(plain);
    for (unsigned char other = 0; other < 100; ++other) {
        const SealingKey::NameBlock block{other};
        CHECK(key.uncover(key.cover(block)) == block);
        CHECK(key.cover(plain) == once);
        CHECK(key.uncover(once) == plain);
    }
}

TEST_CASE("sealing key: for tickets, what counts") {
    const SealingKey a(std::string(80, 'a'));
    const SealingKey b(std::string(80, 'b'));
    const SealingKey::TicketSeed some{1}, other{2};
    std::set<std::string> seen;
    for (const SealingKey* key : {&a, &b}) {
        for (const auto* seed : {&some, &other}) {
            for (const auto* info : {&some, &other}) {
                std::array<unsigned char, 64> out;
                key->derive(*seed, *info, out);
                seen.insert(hex(out).substr(0, 64));
                seen.insert(hex(out).substr(64));
            }
        }
    }
    CHECK(seen.size() == 16);
}

TEST_CASE("sealing key: those of the same files, in the same order") {
    SealingKeys ab, ba, a;
    for (const char c : {'a', 'b'}) {
        ab.emplace_back(std::string(32, c));
        ba.emplace(ba.begin(), std::string(32, c));
    }
    a.emplace_back(std::string(32, 'a'));
    CHECK(are_same(ab, ab));
    CHECK(are_same(a, std::span(ab).first(1)));
    CHECK(are_same({}, {}));
    CHECK_FALSE(are_same(ab, ba));
    CHECK_FALSE(are_same(ab, a));
    CHECK_FALSE(are_same(a, {}));
}

TEST_CASE("sealing key: files that differ make keys that differ") {
    std::set<std::string> seen;
    for (const std::size_t size : {32, 48, 80}) {
        for (const char last : {'a', 'b'}) {
            const SealingKey key(std::string(size - 1, 'k') + last);
            seen.insert(hex(key.id()));
            seen.insert(hex(key.name(session_id(0))));
            seen.insert(derived(key, session_id(0)));
        }
    }
    CHECK(seen.size() == 3 * 2 * 3);
}

TEST_CASE("sealing key: each session has a name and a key of its own") {
    const SealingKey key(std::string(32, 'k'));
    std::set<std::string> seen;
    for (int first = 0; first < 256; ++first) {
        const auto id = session_id(static_cast<unsigned char>(first));
        seen.insert(hex(key.name(id)));
        seen.insert(derived(key, id));
        CHECK(hex(key.name(id)) == hex(key.name(id)));
        CHECK(derived(key, id) == derived(key, id));
    }
    CHECK(seen.size() == 512);
    CHECK(key.name(session_id(0)) != key.name(Bytes(session_id(0)).first(31)));
}

TEST_CASE("sealing key: it may be moved") {
    SealingKeys keys;
    for (const char c : {'a', 'b', 'c', 'd', 'e'}) {
        keys.emplace_back(std::string(32, c));
    }
    CHECK(hex(keys[0].name(session_id(1))) ==
          hex(SealingKey(std::string(32, 'a')).name(session_id(1))));
}

TEST_CASE("sealing key: no core dump has it") {
    // From a file of 80 times k. (The key for names, which opens nothing, is in
    // OpenSSL's memory, too.)
    const std::string sealing = "e4e64cf9a7ceebc5692c8feb4e7671ca"
                                "dc1dbfea4f11a2e2cfba301d96a9ee4e";
    {
        const SealingKey key(std::string(80, 'k'));
        CHECK(key.name(session_id(0)) != key.name(session_id(1)));
        CHECK(derived(key, session_id(0)) != derived(key, session_id(1)));
        CHECK(support::count_in_core(getpid(), sealing) == 0);
        // This shows that the search looks for the right bytes.
        CHECK(support::count_hidden(getpid(), sealing) == 1);
    }
    CHECK(support::count_hidden(getpid(), sealing) == 0);
    CHECK(support::count_in_core(getpid(), sealing) == 0);
}
