// Nodes of several versions share a store while a fleet is upgraded: what each
// release has written stays readable. t/tickets/released has a file for each
// release, which this test has written (RELEASE=version).

#include "sessions/key_record.hpp"
#include "sessions/value.hpp"
#include "support/files.hpp"
#include "support/hex.hpp"
#include "support/tls_client.hpp"
#include "support/tls_pair.hpp"
#include "tickets/seed.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

using namespace session_cache;
using namespace session_cache::tickets;
using namespace std::chrono_literals;

namespace {

using Records = std::map<std::string, std::string>;

const std::filesystem::path& directory() {
    static const auto path = support::repository() / "t/tickets/released";
    return path;
}

constexpr SeedName seed_name{{1767225600, 3600}, 0x01020304};

SealingKeys keys() {
    SealingKeys all;
    all.emplace_back(std::string(80, 'k'));
    return all;
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    }
    return bytes;
}

Bytes bytes_of(const std::string& text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

Records read(const std::filesystem::path& file) {
    Records records;
    std::ifstream in(file);
    for (std::string name, hex; in >> name >> hex;) {
        records[name] = from_hex(hex);
    }
    return records;
}

std::string encoded(const SSL_SESSION* session, const SealingKeys& with) {
    SecretBytes out;
    REQUIRE(encode(session, with, out));
    return std::string(out.view());
}

void add_session(Records& records, const std::string& name, int protocol) {
    const auto session = support::TlsServer(protocol).meet().made.at(0);
    SSL_SESSION_set_timeout(session.get(), 3600);
    unsigned int length = 0;
    const auto* context = SSL_SESSION_get0_id_context(session.get(), &length);
    const auto id = session_id(session.get());
    records[name + ".id"] = {id.begin(), id.end()};
    records[name + ".context"] = {context, context + length};
    records[name + ".made"] = std::to_string(support::made_at(session.get()));
    records[name + ".plain"] = encoded(session.get(), {});
    records[name + ".sealed"] = encoded(session.get(), keys());
    records[name + ".name"] = name_of("ngx_ssl:", id, keys().front());
}

// What this version writes.
Records write() {
    Records records;
    add_session(records, "tls12", TLS1_2_VERSION);
    add_session(records, "tls13", TLS1_3_VERSION);
    const auto key = keys();
    records["keys"] = key_record(key);
    Seed seed;
    seed.bytes.fill(0x55);
    seed.expires = 1767240000;
    records["seed"] = seed_record(key.front(), seed_name, seed);
    records["slot"] = slot_record(key.front(), seed_name);
    return records;
}

void check_session(Records& records, const std::string& name, int protocol) {
    CAPTURE(name);
    const auto& id = records[name + ".id"];
    const auto& context = records[name + ".context"];
    const Expected expected{bytes_of(id), bytes_of(context), protocol, 1h,
                            std::stoll(records[name + ".made"])};
    CHECK(text(decode(records[name + ".plain"], {}, expected).refusal) ==
          std::string());
    CHECK(text(decode(records[name + ".sealed"], keys(), expected).refusal) ==
          std::string());
    CHECK(name_of("ngx_ssl:", bytes_of(id), keys().front()) ==
          records[name + ".name"]);
}

void check_readable(Records records) {
    check_session(records, "tls12", TLS1_2_VERSION);
    check_session(records, "tls13", TLS1_3_VERSION);
    const auto key = keys();
    CHECK(fits(records["keys"], key));
    Seed seed;
    CHECK(read_seed_record(key.front(), seed_name, records["seed"], seed));
    CHECK(seed.bytes[0] == 0x55);
    CHECK(seed.expires == 1767240000);
    CHECK(read_slot_record(key.front(), seed_name.slot, records["slot"]) ==
          seed_name.id);
}

}  // namespace

TEST_CASE("released: what each release has written is read") {
    if (const char* release = std::getenv("RELEASE")) {
        std::ofstream out(directory() / release);
        for (const auto& [name, bytes] : write()) {
            out << name << ' ' << support::hex(bytes) << '\n';
        }
    }
    std::size_t n = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory())) {
        CAPTURE(file.path().string());
        check_readable(read(file.path()));
        ++n;
    }
    CHECK(n >= 1);
}

TEST_CASE("released: the version has notes, and a file of what it writes") {
    std::ifstream changelog(support::repository() / "debian/changelog");
    std::string package, version;
    changelog >> package >> version;
    version = version.substr(1, version.size() - 2);
    CHECK(std::filesystem::exists(directory() / version));
    CHECK(support::count_lines(
              support::read_file(support::repository() / "CHANGELOG.md"),
              "## " + version) == 1);
}
