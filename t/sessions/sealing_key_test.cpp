// The keys that sessions are sealed with, and what is made of their files.

#include "sessions/sealing_key.hpp"
#include "support/memory_scan.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace session_cache;

namespace {

std::vector<unsigned char> session_id(unsigned char first) {
    std::vector<unsigned char> id(32, 0xa5);
    id[0] = first;
    return id;
}

template <class Array>
std::string hex(const Array& bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
        constexpr auto digits = "0123456789abcdef";
        text += digits[byte / 16];
        text += digits[byte % 16];
    }
    return text;
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

TEST_CASE("sealing key: values that other implementations get, too") {
    // By Python's hmac and hashlib, from RFC 5869.
    const SealingKey key(std::string(80, 'k'));
    CHECK(hex(key.id()) == "ad1827a736a9a17d");
    CHECK(hex(key.name(session_id(0))) == "c541cd4c2cd10429361f66a99209cef0"
                                          "9998920ca27f9210cb01389711991d35");
    CHECK(derived(key, session_id(0)) == "b0149bf254691b89212b6b3f08a05193"
                                         "890e1be2bac13bcb0ef9c3516862de65");
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
    // Of a file of 80 times k. (The key for names, which opens nothing, is in
    // OpenSSL's memory, too.)
    const std::string sealing = "e4e64cf9a7ceebc5692c8feb4e7671ca"
                                "dc1dbfea4f11a2e2cfba301d96a9ee4e";
    {
        const SealingKey key(std::string(80, 'k'));
        CHECK(key.name(session_id(0)) != key.name(session_id(1)));
        CHECK(derived(key, session_id(0)) != derived(key, session_id(1)));
        CHECK(support::count_in_core(getpid(), sealing) == 0);
        // So that it was looked for the right thing.
        CHECK(support::count_hidden(getpid(), sealing) == 1);
    }
    CHECK(support::count_hidden(getpid(), sealing) == 0);
    CHECK(support::count_in_core(getpid(), sealing) == 0);
}
