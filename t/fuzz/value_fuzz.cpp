// What the store has for a session ID, however it came there: a session that
// is believed keeps what decode() promises.
//
// Input: protocol (1 byte), timeout (4), now (8), the ID's length (1) and the
// ID, then the value without its checksum, which no fuzzer would find.

#include "fuzz/fuzz.hpp"
#include "module/value.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <openssl/err.h>

using namespace session_cache;

namespace {

Expected expected_of(Input& input) {
    const int protocol = input.byte() % 2 ? TLS1_3_VERSION : TLS1_2_VERSION;
    const std::chrono::seconds timeout(input.number<std::uint32_t>() >> 1);
    const auto now =
        static_cast<std::time_t>(input.number<std::uint64_t>() >> 1);
    const auto id =
        input.take(input.byte() % (SSL_MAX_SSL_SESSION_ID_LENGTH + 1));
    return {{reinterpret_cast<const unsigned char*>(id.data()), id.size()},
            protocol,
            timeout,
            now};
}

void check(const SSL_SESSION* session, const Expected& expected) {
    const SessionId id = session_id(session);
    CHECK(key_of("", id) == key_of("", expected.id));
    CHECK(SSL_SESSION_get_protocol_version(session) == expected.protocol);

    const auto left = time_left(session, expected.timeout, expected.now);
    CHECK(left.count() > 0);
    CHECK(left <= expected.timeout);
    CHECK(SSL_SESSION_get_timeout(session) > 0);
    CHECK(SSL_SESSION_get_timeout(session) <= expected.timeout.count());
}

}  // namespace

void fuzz(Input input) {
    const Expected expected = expected_of(input);
    std::string value(input.rest());
    for (const char byte : checksum(value)) {
        value += byte;
    }
    const Decoded decoded = decode(value, expected);
    CHECK((decoded.session == nullptr) == (decoded.error != nullptr));
    CHECK(ERR_peek_error() == 0);
    if (decoded.session == nullptr) {
        return;
    }
    check(decoded.session.get(), expected);

    SecretBytes once;
    REQUIRE(encode(decoded.session.get(), once));
    const Decoded again = decode(once.view(), expected);
    REQUIRE(again.session != nullptr);
    check(again.session.get(), expected);

    SecretBytes twice;
    REQUIRE(encode(again.session.get(), twice));
    CHECK(twice.view() == once.view());
}
