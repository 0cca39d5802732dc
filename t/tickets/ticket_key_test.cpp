// Ticket keys: how they are made, and that OpenSSL makes tickets with them.

#include "support/hex.hpp"
#include "tickets/ticket_key.hpp"

#include <doctest/doctest.h>
#include <numeric>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string>
#include <vector>

using namespace session_cache;
using support::hex;
using namespace session_cache::tickets;

namespace {

using Block = std::array<unsigned char, 16>;

constexpr SeedName some{{1767225600, 3600}, 0x01020304};

// 0, 1, 2, ...
Seed counting() {
    Seed seed;
    std::iota(seed.bytes.begin(), seed.bytes.end(), std::uint8_t{0});
    return seed;
}

// Contexts as OpenSSL hands them to its callback.
struct Contexts {
    Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> cipher{EVP_CIPHER_CTX_new()};
    Owned<EVP_MAC, EVP_MAC_free> hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> mac{EVP_MAC_CTX_new(hmac.get())};

    // Encrypts or decrypts 32 zero bytes.
    std::string crypt() {
        const std::array<unsigned char, 32> text{};
        std::array<unsigned char, 48> out{};
        int length = 0;
        CHECK(EVP_CIPHER_CTX_set_padding(cipher.get(), 0) == 1);
        CHECK(EVP_CipherUpdate(cipher.get(), out.data(), &length, text.data(),
                               32) == 1);
        return hex(Bytes(out).first(static_cast<std::size_t>(length)));
    }

    std::string tag() {
        std::array<unsigned char, 32> out{};
        std::size_t length = 0;
        const std::string text = "a ticket";
        CHECK(
            EVP_MAC_update(mac.get(),
                           reinterpret_cast<const unsigned char*>(text.data()),
                           text.size()) == 1);
        CHECK(EVP_MAC_final(mac.get(), out.data(), &length, out.size()) == 1);
        return hex(Bytes(out).first(length));
    }
};

struct Opened {
    std::string text;
    std::string tag;

    bool operator==(const Opened&) const = default;
};

// Opens them with a key and an IV of zeros.
Opened open(const TicketKey& key) {
    Contexts contexts;
    const Block iv{};
    REQUIRE(key.open(iv.data(), contexts.cipher.get(), contexts.mac.get()));
    CHECK(ERR_peek_error() == 0);
    return {contexts.crypt(), contexts.tag()};
}

std::string file(std::size_t size) {
    std::string bytes(size, '\0');
    std::iota(bytes.begin(), bytes.end(), char{0});
    return bytes;
}

}  // namespace

TEST_CASE("ticket key: values that other implementations get, too") {
    // By Python's hmac: HKDF of 80 times k for "...tickets", and HKDF again of
    // the result. Of its 64 bytes the first 32 went to `openssl enc -d
    // -aes-256-cbc -nopad`, with zeros, the others to HMAC.
    const TicketKey key(SealingKey(std::string(80, 'k')), some, counting());
    CHECK(hex(key.name()) == "6b19246393fe1136df598fde28db90e7");
    CHECK(open(key) == Opened{"5ede8d9dbee7f4c2f58a8b48271f7972"
                              "5ede8d9dbee7f4c2f58a8b48271f7972",
                              "441c4a9a70304bf67a26fa5b7dada291"
                              "c925a46eabcc03b5ff75105af28dd4f6"});
}

TEST_CASE("ticket key: each of file, slot, length, ID and seed counts") {
    const SealingKey sealing(std::string(80, 'k'));
    Seed other = counting();
    other.bytes.back() ^= 1;
    const Opened known = open(TicketKey(sealing, some, counting()));
    const Slot& slot = some.slot;

    CHECK(open(TicketKey(sealing, some, counting())) == known);
    CHECK_FALSE(open(TicketKey(sealing, some, other)) == known);
    CHECK_FALSE(open(TicketKey(SealingKey(std::string(79, 'k') + 'l'), some,
                               counting())) == known);
    for (const SeedName& name :
         {SeedName{slot, 0x01020305}, SeedName{slot.next(), some.id},
          SeedName{{slot.start, 60}, some.id}}) {
        CHECK_FALSE(open(TicketKey(sealing, name, counting())) == known);
    }
}

TEST_CASE("ticket key: what it seals opens, with another IV each time") {
    const TicketKey key(SealingKey(std::string(80, 'k')), some, counting());
    std::vector<Block> ivs;
    for (int i = 0; i < 3; ++i) {
        Contexts sealing;
        TicketName name{};
        Block iv{};
        REQUIRE(key.seal(name.data(), iv.data(), sealing.cipher.get(),
                         sealing.mac.get()));
        CHECK(name == key.name());
        for (const Block& before : ivs) {
            CHECK(iv != before);
        }
        ivs.push_back(iv);

        Contexts opening;
        REQUIRE(key.open(iv.data(), opening.cipher.get(), opening.mac.get()));
        CHECK(sealing.tag() == opening.tag());
    }
}

TEST_CASE("ticket key: nginx's files, of 48 and 80 bytes") {
    // From bytes 0, 1, 2, ..., as above, with the key where nginx has it
    // (ngx_ssl_session_ticket_keys()).
    const TicketKey shorter(file(48));
    CHECK(hex(shorter.name()) == "000102030405060708090a0b0c0d0e0f");
    CHECK(open(shorter) == Opened{"da105f2d01cdc64bf7ae0abd4e45f06d"
                                  "da105f2d01cdc64bf7ae0abd4e45f06d",
                                  "eeb18ef1633ad7ac7f330634a493e437"
                                  "1c50ce5e072cd6d9931ebbb21acab786"});

    const TicketKey longer(file(80));
    CHECK(hex(longer.name()) == "000102030405060708090a0b0c0d0e0f");
    CHECK(open(longer) == Opened{"4ee0d0377cf57899c0aefe7e0620daad"
                                 "4ee0d0377cf57899c0aefe7e0620daad",
                                 "b7122af52bd43d6f52f7c9ff9ab37260"
                                 "b059ea725fa119c9ed83b938a20dd70c"});
}

TEST_CASE("ticket key: the sizes that a file may have") {
    for (std::size_t size = 0; size < 200; ++size) {
        CHECK(TicketKey::is_file_size(size) == (size == 48 || size == 80));
    }
}

TEST_CASE("ticket key: it may be moved") {
    TicketKey key(SealingKey(std::string(80, 'k')), some, counting());
    const Opened known = open(key);
    const TicketKey moved(std::move(key));
    CHECK(open(moved) == known);
}
