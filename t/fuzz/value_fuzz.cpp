// What the store has for a session ID, however it got there: a session that is
// accepted keeps what decode() promises.
//
// Input: protocol (1 byte), timeout (4), now (8), the ID's length (1) and the
// ID, then the value without its checksum, which no fuzzer would find.

#include "fuzz/fuzz.hpp"
#include "sessions/value.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <vector>

using namespace session_cache;

namespace {

// The session ID context in the value, so that it never is the wrong one.
std::vector<unsigned char> context_in(std::string_view value) {
    const auto* der = reinterpret_cast<const unsigned char*>(value.data()) + 1;
    const auto size = static_cast<long>(value.size()) - 1;
    const Session session(size > 0 ? d2i_SSL_SESSION(nullptr, &der, size)
                                   : nullptr);
    ERR_clear_error();
    if (session == nullptr) {
        return {};
    }
    unsigned int length = 0;
    const auto* context = SSL_SESSION_get0_id_context(session.get(), &length);
    return {context, context + length};
}

Expected expected_of(Input& input) {
    const int protocol = input.byte() % 2 ? TLS1_3_VERSION : TLS1_2_VERSION;
    const std::chrono::seconds timeout(input.number<std::uint32_t>() >> 1);
    const auto now =
        static_cast<std::time_t>(input.number<std::uint64_t>() >> 1);
    const auto id =
        input.take(input.byte() % (SSL_MAX_SSL_SESSION_ID_LENGTH + 1));
    return {{reinterpret_cast<const unsigned char*>(id.data()), id.size()},
            {},
            protocol,
            timeout,
            now};
}

void check(const SSL_SESSION* session, const Expected& expected) {
    const SessionId id = session_id(session);
    CHECK(name_of("", id) == name_of("", expected.id));
    CHECK(SSL_SESSION_get_protocol_version(session) == expected.protocol);

    const auto left = time_left(session, expected.timeout, expected.now);
    CHECK(left.count() > 0);
    CHECK(left <= expected.timeout);
    CHECK(SSL_SESSION_get_timeout(session) > 0);
    CHECK(SSL_SESSION_get_timeout(session) <= expected.timeout.count());
}

}  // namespace

void fuzz(Input input) {
    Expected expected = expected_of(input);
    std::string value(input.rest());
    const auto context = context_in(value);
    expected.context = context;
    for (const char byte : checksum(value)) {
        value += byte;
    }
    const Decoded decoded = decode(value, {}, expected);
    CHECK((decoded.session == nullptr) == (decoded.refusal != Refusal::none));
    CHECK(ERR_peek_error() == 0);
    if (decoded.session == nullptr) {
        return;
    }
    check(decoded.session.get(), expected);

    SecretBytes once;
    REQUIRE(encode(decoded.session.get(), {}, once));
    const Decoded again = decode(once.view(), {}, expected);
    REQUIRE(again.session != nullptr);
    check(again.session.get(), expected);

    SecretBytes twice;
    REQUIRE(encode(again.session.get(), {}, twice));
    CHECK(twice.view() == once.view());
}
