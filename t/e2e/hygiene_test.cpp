// Where secrets must not be: no secret in a log, however much is logged, and no
// key in what a core dump of a worker would hold.

#include "support/key_files.hpp"
#include "support/memory_scan.hpp"
#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

std::string hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

// Not even 8 bytes of it are in the log, in any likely notation.
void check_absent(const std::string& log, const std::string& secret) {
    for (std::size_t at = 0; at + 8 <= secret.size(); ++at) {
        const auto piece = secret.substr(at, 8);
        auto upper = hex(piece);
        for (char& c : upper) {
            c = static_cast<char>(std::toupper(c));
        }
        CHECK(log.find(piece) == log.npos);
        CHECK(log.find(hex(piece)) == log.npos);
        CHECK(log.find(upper) == log.npos);
    }
}

}  // namespace

STORE_TEST_CASE("hygiene: no log has secrets, at any level") {
    const KeyFiles files;
    NodeConfig config;
    config.nginx.log_level = "debug";
    for (const std::string& parameters :
         {std::string(), files.parameters("k")}) {
        CAPTURE(parameters);
        Server store;
        Fleet fleet(store, config, "timeout=60s" + parameters);
        std::vector<std::string> secrets{KeyFiles::content('k')};
        for (auto options : {tls12(), tls13()}) {
            options.session = fleet.a.get(options).session();
            secrets.push_back(secret_of(options.session));
            CHECK(eventually([&] { return fleet.b.get(options).reused; }));
            for (const auto& key : store.keys()) {
                const auto value = store.get(key);
                store.set(key, value.value_or("").substr(0, 50));
            }
            CHECK_FALSE(fleet.b.get(options).reused);
        }
        const auto log = fleet.a.nginx().log() + fleet.b.nginx().log();
        CHECK(log.find("stored session is not used") != log.npos);
        for (const auto& secret : secrets) {
            REQUIRE(secret.size() >= 32);
            check_absent(log, secret);
        }
    }
}

TEST_CASE("hygiene: a worker's core dump has no key that opens sessions") {
    const KeyFiles files;
    const RedisServer redis;
    Node node(directive(redis, files.parameters("k")), {});
    REQUIRE(node.connected());
    const auto worker = node.nginx().workers().at(0);
    for (auto options : {tls12(), tls13()}) {
        options.session = node.get(options).session();
        CHECK(eventually([&] { return node.get(options).reused; }));
    }
    CHECK(count_hidden(worker, KeyFiles::sealing_key('k')) == 1);
    CHECK(count_in_core(worker, KeyFiles::sealing_key('k')) == 0);
    CHECK(count_in_core(worker, hex(KeyFiles::content('k'))) == 0);
    // The search is in the right place.
    CHECK(count_in_core(worker, hex("remote_ssl_session_cache")) > 0);
}
