// Sealed values: what opens again, and that nothing else does.

#include "support/sealing.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <set>
#include <string>
#include <vector>

using namespace session_cache;

namespace {

const std::vector<unsigned char> session_id(32, 0x11);
const std::vector<unsigned char> other_id(32, 0x22);
const std::vector<unsigned char> context(32, 0x33);
const std::string plaintext = "what a session has";

SealingKeys keys_of(const std::string& names) {
    SealingKeys keys;
    for (const char name : names) {
        keys.emplace_back(std::string(48, name));
    }
    return keys;
}

std::string sealed(const SealingKeys& keys,
                   const SealedFor& what = {session_id, context},
                   const std::string& plain = plaintext) {
    return support::sealed(keys.front(), what, plain);
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t at = 0; at < hex.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    }
    return bytes;
}

// The unsealed value, or the error.
std::string opened(const SealingKeys& keys, const std::string& value,
                   const SealedFor& what = {session_id, context}) {
    SecretBytes out;
    const Refusal refusal = unseal(keys, what, value, out);
    CHECK(ERR_peek_error() == 0);
    return refusal != Refusal::none ? session_cache::text(refusal)
                                    : std::string(out.view());
}

}  // namespace

TEST_CASE("seal: what is sealed opens again") {
    const auto keys = keys_of("a");
    CHECK(opened(keys, sealed(keys)) == plaintext);
    const std::string large(70'000, '\xff');
    CHECK(opened(keys, sealed(keys, {session_id, context}, large)) == large);
    const SealedFor bare{Bytes(session_id).first(1), {}};
    CHECK(opened(keys, sealed(keys, bare, "x"), bare) == "x");
}

TEST_CASE("seal: a value tells its format and its key, and nothing else") {
    const auto keys = keys_of("a");
    const auto value = sealed(keys);
    CHECK(value.size() == plaintext.size() + seal_head + seal_tail);
    CHECK(value[0] == sealed_format);
    CHECK(std::equal(keys[0].id().begin(), keys[0].id().end(),
                     value.begin() + 1, [](unsigned char a, char b) {
                         return a == static_cast<unsigned char>(b);
                     }));
    CHECK(value.find(plaintext.substr(0, 4)) == value.npos);
}

TEST_CASE("seal: the same is never sealed the same") {
    const auto keys = keys_of("a");
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        seen.insert(sealed(keys));
    }
    CHECK(seen.size() == 1000);
}

TEST_CASE("seal: any of the keys opens, the first seals") {
    const auto value = sealed(keys_of("ba"));
    CHECK(opened(keys_of("ba"), value) == plaintext);
    CHECK(opened(keys_of("ab"), value) == plaintext);
    CHECK(opened(keys_of("cdeb"), value) == plaintext);
    CHECK(opened(keys_of("a"), value) == "sealed with an unknown key");
    CHECK(opened(keys_of(""), value) == "sealed with an unknown key");
}

TEST_CASE("seal: with any one bit changed it does not open") {
    const auto keys = keys_of("a");
    const auto whole = sealed(keys);
    constexpr std::size_t id_end = 8 * (1 + sizeof(SealingKey::Id));
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        auto value = whole;
        value[bit / 8] = static_cast<char>(whole[bit / 8] ^ 1 << bit % 8);
        CHECK(opened(keys, value) == (bit < 8        ? "not sealed"
                                      : bit < id_end ? "sealed with an "
                                                       "unknown key"
                                                     : "forged or damaged"));
    }
}

TEST_CASE("seal: a key id that was changed to another key's") {
    const auto keys = keys_of("ab");
    auto value = sealed(keys);
    std::copy(keys[1].id().begin(), keys[1].id().end(), value.begin() + 1);
    CHECK(opened(keys, value) == "forged or damaged");
}

TEST_CASE("seal: truncated, or with more behind it, it does not open") {
    const auto keys = keys_of("a");
    const auto whole = sealed(keys);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto error = opened(keys, whole.substr(0, size));
        CHECK((error == "not sealed" || error == "forged or damaged"));
    }
    CHECK(opened(keys, whole + '\0') == "forged or damaged");
    CHECK(opened(keys, whole + whole) == "forged or damaged");
}

TEST_CASE("seal: it opens for the session that it is for") {
    const auto keys = keys_of("a");
    const auto value = sealed(keys);
    for (const SealedFor& what :
         {SealedFor{other_id, context}, SealedFor{{}, context},
          SealedFor{Bytes(session_id).first(31), context}}) {
        CHECK(opened(keys, value, what) == "forged or damaged");
    }
}

TEST_CASE("seal: another context is no damage, and damage is no context") {
    const auto keys = keys_of("a");
    auto value = sealed(keys);
    const SealedFor others[] = {{session_id, other_id},
                                {session_id, {}},
                                {session_id, Bytes(context).first(31)}};
    for (const SealedFor& what : others) {
        CHECK(opened(keys, value, what) == "another session ID context");
    }
    value.back() = static_cast<char>(value.back() ^ 1);
    for (const SealedFor& what : others) {
        CHECK(opened(keys, value, what) == "forged or damaged");
    }
}

TEST_CASE("seal: sessions of one context have nothing in common") {
    const auto keys = keys_of("ab");
    constexpr auto size = sizeof(SealingKey::ContextTag);
    std::set<std::string> tags;
    for (const auto& id : {session_id, other_id}) {
        for (const auto& key : keys) {
            tags.insert(support::sealed(key, {id, context}, plaintext)
                            .substr(seal_head - size, size));
        }
    }
    CHECK(tags.size() == 4);
}

// Made once with keys_of("a"), for `session_id` and `context`.
TEST_CASE("seal: values of either format open") {
    const auto keys = keys_of("a");
    for (const auto* const hex :
         {"022c2c796d690dc141395312f1b47fe633837b80fe9b2bcb449cd56e8df3081b"
          "bbf55ee7659cfc6474c504a481ffadc8b9957657a9f682",
          "042c2c796d690dc1412826b506867d1cf0b0f14aa36dedfdec79b8827f559d9f"
          "58694ddef92fdc2a05f4b4a9113eacc36b75b063d76b881fccda3191483992"}) {
        CAPTURE(std::string(hex));
        auto value = from_hex(hex);
        CHECK(opened(keys, value) == plaintext);
        CHECK(opened(keys, value, {other_id, context}) == "forged or damaged");
        CHECK(opened(keys, value, {session_id, other_id}) ==
              (value[0] == sealed_format ? "another session ID context"
                                         : "forged or damaged"));
        value[value.size() / 2] ^= 1;
        CHECK(opened(keys, value) == "forged or damaged");
    }
}

TEST_CASE("seal: no byte of the session ID passes for one of the context") {
    const auto keys = keys_of("a");
    const std::vector<unsigned char> bytes(40, 0x44);
    const SealedFor one{Bytes(bytes).first(20), Bytes(bytes).subspan(20)};
    const SealedFor other{Bytes(bytes).first(21), Bytes(bytes).subspan(21)};
    const auto value = sealed(keys, one);
    CHECK(opened(keys, value, one) == plaintext);
    CHECK(opened(keys, value, other) == "forged or damaged");
}

TEST_CASE("seal: what is not sealed is not opened") {
    const auto keys = keys_of("a");
    CHECK(opened(keys, "") == "not sealed");
    CHECK(opened(keys, "\x01" + std::string(200, 'x')) == "not sealed");
    for (const std::string format : {"\x02", "\x04"}) {
        CHECK(opened(keys, format) == "not sealed");
        CHECK(opened(keys, format + std::string(200, 'x')) ==
              "sealed with an unknown key");
    }
}
