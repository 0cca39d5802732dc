// Names of tickets: opaque, and recognized without asking the store.

#include "support/hex.hpp"
#include "tickets/ticket_name.hpp"

#include <doctest/doctest.h>
#include <openssl/rand.h>
#include <set>
#include <string>

using namespace session_cache;
using support::hex;
using namespace session_cache::tickets;

namespace {

constexpr SeedName some{{1767225600, 3600}, 0x01020304};

}  // namespace

TEST_CASE("ticket name: values that other implementations get, too") {
    // The key is HKDF-SHA256 of 80 times k for "...ticket names", by Python's
    // hmac. The block is what `openssl enc -aes-256-ecb -nopad` makes of
    // struct.pack(">IIII", start, length, seed, 0).
    const SealingKey key(std::string(80, 'k'));
    CHECK(hex(ticket_name(key, {{1767225600, 3600}, 0})) ==
          "f70943f85287369e510547a35ba0b1e9");
    CHECK(hex(ticket_name(key, some)) == "6b19246393fe1136df598fde28db90e7");
    CHECK(hex(ticket_name(key, {{1767225600, 60}, 0xffffffff})) ==
          "cb2795da5900ca35b3e988dc9caaacac");
    CHECK(hex(ticket_name(key, {{0, 604800}, 1})) ==
          "3dda66fb25050016330d76b8179b7f2d");
}

TEST_CASE("ticket name: slot and seed are 12 bytes, the highest first") {
    CHECK(hex(packed(some)) == "6955b90000000e1001020304");
}

TEST_CASE("ticket name: it is read back, whatever the slot's length") {
    const SealingKey key(std::string(48, 'a'));
    for (const std::uint32_t length : {60U, 61U, 3600U, 604800U}) {
        for (const SeedId id : {0U, 1U, 0xffffffffU}) {
            const SeedName seed{{length * 1000, length}, id};
            CHECK(read_ticket_name(key, ticket_name(key, seed)) == seed);
        }
    }
}

TEST_CASE("ticket name: it is none under another key") {
    const SealingKey a(std::string(48, 'a'));
    const SealingKey b(std::string(48, 'b'));
    CHECK(read_ticket_name(b, ticket_name(a, some)) == std::nullopt);
}

TEST_CASE("ticket name: with any one bit changed it is none") {
    const SealingKey key(std::string(48, 'a'));
    const TicketName whole = ticket_name(key, some);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        TicketName name = whole;
        name[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
        CHECK(read_ticket_name(key, name) == std::nullopt);
    }
}

TEST_CASE("ticket name: one of a slot that nobody cuts is none") {
    const SealingKey key(std::string(48, 'a'));
    for (const Slot& slot :
         {Slot{0, 0}, Slot{60, 59}, Slot{61, 60}, Slot{0, 604801}}) {
        CHECK(read_ticket_name(key, ticket_name(key, {slot, 1})) ==
              std::nullopt);
    }
}

TEST_CASE("ticket name: a million random ones are none") {
    const SealingKey key(std::string(48, 'a'));
    int believed = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        TicketName name;
        REQUIRE(RAND_bytes(name.data(), name.size()) == 1);
        believed += read_ticket_name(key, name) ? 1 : 0;
    }
    CHECK(believed == 0);
}

TEST_CASE("ticket name: it says nothing to who has no key") {
    const SealingKey key(std::string(48, 'a'));
    std::set<std::string> halves;
    for (SeedId id = 0; id < 1000; ++id) {
        const auto name = hex(ticket_name(key, {some.slot, id}));
        halves.insert(name.substr(0, 16));
        halves.insert(name.substr(16));
    }
    CHECK(halves.size() == 2000);
}
