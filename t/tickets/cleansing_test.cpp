// Seeds and keys are in no core dump, and nowhere when they have expired.

#include "support/memory_scan.hpp"
#include "tickets/fleet.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace support;
using namespace std::chrono_literals;
using namespace session_cache;
using namespace session_cache::tickets;

namespace {

// Bytes in hexadecimal, so that the test keeps no copy of the bytes themselves.
std::string hex_of(Bytes bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string hex;
    for (const unsigned char byte : bytes) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

// A seed, and the AES key that is made from it, as halves: the first bytes of
// freed memory are soon overwritten.
struct Secrets {
    std::vector<std::string> seed;
    std::vector<std::string> key;

    Secrets(const SealingKey& sealing, const SeedName& name,
            const std::string& record) {
        Seed opened;
        REQUIRE(read_seed_record(sealing, name, record, opened));
        std::array<unsigned char, 64> derived;
        sealing.derive(opened.bytes, packed(name), derived);
        seed = halves(opened.bytes);
        key = halves(Bytes(derived).first(32));
        OPENSSL_cleanse(derived.data(), derived.size());
    }

    static std::vector<std::string> halves(Bytes bytes) {
        return {hex_of(bytes.first(16)), hex_of(bytes.subspan(16))};
    }
};

std::size_t in_core(const std::vector<std::string>& halves) {
    return count_in_core(getpid(), halves[0]) +
           count_in_core(getpid(), halves[1]);
}

std::size_t hidden(const std::vector<std::string>& halves) {
    return count_hidden(getpid(), halves[0]) +
           count_hidden(getpid(), halves[1]);
}

}  // namespace

STORE_TEST_CASE(
    "tickets: no core dump has seeds or keys, and in time nothing") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add({.rotate = 1min, .life = 2min});
    Member& other = fleet.add({.rotate = 1min, .life = 2min});
    REQUIRE(fleet.are_ready());
    fleet.pass(1min);  // the linker has bound what it binds at the first call
    const auto wanted = member.ring->want(member.current());
    REQUIRE(wanted);
    const Secrets secrets(member.keys[0], wanted->seed,
                          *server.get(seed_record_name(
                              "ngx_ssl:", member.keys[0], wanted->seed)));

    CHECK(other.current() == member.current());
    CHECK(in_core(secrets.seed) == 0);
    CHECK(in_core(secrets.key) == 0);
    CHECK(hidden(secrets.key) == 4);  // two halves, two workers
    CHECK(hidden(secrets.seed) == 0);

    fleet.pass(10min);
    CHECK(member.ring->find(ticket_name(member.keys[0], wanted->seed)) ==
          nullptr);
    CHECK(in_core(secrets.seed) == 0);
    CHECK(in_core(secrets.key) == 0);
    CHECK(hidden(secrets.key) == 0);
}

TEST_CASE("tickets: a seed that was put into a key is nowhere else") {
    const SealingKey sealing(std::string(48, 'a'));
    std::vector<std::string> halves;
    std::array<unsigned char, 64> out;
    {
        Seed seed;
        SeedId id;
        make_seed(seed, id);
        halves = Secrets::halves(seed.bytes);
        sealing.derive(seed.bytes, Bytes(seed.bytes).first(0), out);
        CHECK(in_core(halves) > 0);  // the search looks for the right bytes
    }
    CHECK(in_core(halves) == 0);
}
