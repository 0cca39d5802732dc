// What a store's client leaves in memory of the values that it handled.

#include "backends/cleansing.hpp"
#include "support/both_stores.hpp"
#include "support/memory_checker.hpp"
#include "support/memory_scan.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace support;
using namespace std::chrono_literals;

namespace {

// AddressSanitizer keeps the contents of finished stack frames elsewhere.
const bool checker_keeps_frames = support::in_sanitizer();

// In hexadecimal, so that the test itself has no copy.
const std::string secret = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
                           "00112233445566778899aabbccddeeff";

backends::CleansedBytes value() {
    backends::CleansedBytes bytes(200, 'x');
    for (std::size_t i = 0; i < secret.size(); i += 2) {
        bytes[100 + i / 2] =
            static_cast<char>(std::stoi(secret.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

// Looks the value up, and cleanses the answer.
void fetch(TestStore& s) {
    bool done = false;
    s.start([&] {
        auto fetched = s.store().fetch("key");
        CHECK(fetched.value.size() == 200);
        OPENSSL_cleanse(fetched.value.data(), fetched.value.size());
        done = true;
    });
    CHECK(s.loop.run_until([&] { return done; }));
}

}  // namespace

STORE_TEST_CASE("cleansing: a client that is gone leaves no value in memory" *
                doctest::skip(checker_keeps_frames)) {
    Server server;
    auto s = store_of(server);
    REQUIRE(s->connects());
    for (int i = 0; i < 3; ++i) {
        const auto bytes = value();
        CHECK(s->store().store("key", bytes, 60s) == backends::Status::queued);
        CHECK(count_in_core(getpid(), secret) > 0);
    }
    // Asking for the value would leave copies of our own.
    REQUIRE(s->loop.run_until([&] { return server.ttl("key") > 0; }));
    fetch(*s);
    s.reset();
    CHECK(count_in_core(getpid(), secret) == 0);
}
