// Sessions as the store has them: what is written, and which values are
// accepted when they come back. The sessions are from real handshakes.

#include "sessions/value.hpp"
#include "support/tls_client.hpp"
#include "support/tls_pair.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <openssl/err.h>

using namespace session_cache;
using namespace std::chrono_literals;
using namespace std::string_literals;
using support::SharedSession;
using support::TlsServer;

namespace {

constexpr std::chrono::seconds hour = 3600s;
constexpr int protocols[]{TLS1_2_VERSION, TLS1_3_VERSION};

Bytes context_of(const SSL_SESSION* session) {
    unsigned int length = 0;
    const auto* context = SSL_SESSION_get0_id_context(session, &length);
    return {context, length};
}

// A session as its server has it, its value, and what is expected of it.
struct Stored {
    SharedSession session;
    std::string value;
    SealingKeys keys{};
    Expected expected;

    explicit Stored(int protocol)
        : session(TlsServer(protocol).meet().made.at(0)),
          expected{session_id(session.get()), context_of(session.get()),
                   protocol, hour, time()} {
        SSL_SESSION_set_timeout(session.get(), hour.count());
        value = encoded();
    }

    std::time_t time() const { return support::made_at(session.get()); }

    std::string encoded() const {
        SecretBytes out;
        REQUIRE(encode(session.get(), keys, out));
        return std::string(out.view());
    }

    Decoded decoded() const { return decode(value, keys, expected); }

    // Why the value is refused, or "" if it is accepted.
    std::string error() const {
        const Decoded result = decoded();
        CHECK((result.session == nullptr) == (result.refusal != Refusal::none));
        CHECK(ERR_peek_error() == 0);
        return text(result.refusal);
    }
};

// A session whose DER has `size` bytes.
SharedSession long_session(std::size_t size) {
    SharedSession session = TlsServer(TLS1_3_VERSION).meet().made.at(0);
    std::string data(size, 'x');
    // the lengths within the DER vary in size themselves
    for (int attempt = 0; attempt < 3; ++attempt) {
        SSL_SESSION_set1_ticket_appdata(session.get(), data.data(),
                                        data.size());
        const int now = i2d_SSL_SESSION(session.get(), nullptr);
        data.resize(data.size() + size - static_cast<std::size_t>(now));
    }
    REQUIRE(i2d_SSL_SESSION(session.get(), nullptr) == static_cast<int>(size));
    return session;
}

// Appends the right checksum, whatever the value is.
std::string summed(std::string value) {
    const Checksum sum = checksum(value);
    return value.append(sum.begin(), sum.end());
}

}  // namespace

TEST_CASE(
    "value: the name is the prefix and the ID in lower-case hexadecimal") {
    const unsigned char id[]{0x00, 0x01, 0x9a, 0xbc, 0xde, 0xf0, 0xff};
    CHECK(name_of("ngx_ssl:", id) == "ngx_ssl:00019abcdef0ff");
    CHECK(name_of("", id) == "00019abcdef0ff");
    CHECK(name_of("p", {}) == "p");
    CHECK(name_of("", std::vector<unsigned char>(32, 0xa5)).size() == 64);
}

TEST_CASE("value: a session comes back as it went") {
    for (const int protocol : protocols) {
        CAPTURE(protocol);
        const Stored stored(protocol);
        const Decoded back = stored.decoded();
        REQUIRE(back.session != nullptr);
        CHECK(back.refusal == Refusal::none);

        SecretBytes again;
        REQUIRE(encode(back.session.get(), {}, again));
        CHECK(again.view() == stored.value);
        CHECK(SSL_SESSION_get_timeout(back.session.get()) == hour.count());
    }
}

TEST_CASE("value: a session that came back resumes") {
    for (const int protocol : protocols) {
        CAPTURE(protocol);
        TlsServer server(protocol);
        const auto made = server.meet();
        REQUIRE(made.client != nullptr);
        CHECK_FALSE(made.reused);
        CHECK_FALSE(server.meet(made.client).reused);

        std::string asked;
        server.on_lookup([&](const std::string& id) -> SSL_SESSION* {
            asked = id;
            for (const auto& session : made.made) {
                SecretBytes bytes;
                CHECK(encode(session.get(), {}, bytes));
                const SessionId wanted(
                    reinterpret_cast<const unsigned char*>(id.data()),
                    id.size());
                Decoded back = decode(bytes.view(), {},
                                      {wanted, context_of(session.get()),
                                       protocol, hour, std::time(nullptr)});
                if (back.session != nullptr) {
                    return back.session.release();
                }
            }
            return nullptr;
        });
        CHECK(server.meet(made.client).reused);
        CHECK(asked.size() == 32);
    }
}

TEST_CASE("value: its first byte is the format") {
    for (const int protocol : protocols) {
        Stored stored(protocol);
        CHECK(stored.value[0] == '\x01');
        const auto rest = stored.value.substr(1, stored.value.size() - 9);
        for (int byte = 0; byte < 256; ++byte) {
            stored.value = summed(static_cast<char>(byte) + rest);
            CHECK(stored.error() == (byte == 1 ? ""
                                     : byte == 2 || byte == 4
                                         ? "sealed, and there is no key"
                                         : "unknown format"));
        }
    }
}

TEST_CASE("value: an empty one, and one of a format alone") {
    Stored stored(TLS1_3_VERSION);
    stored.value = "";
    CHECK(stored.error() == "unknown format");
    stored.value = "\x01";
    CHECK(stored.error() == "damaged");
    stored.value = summed("\x01");
    CHECK(stored.error() == "not a session");
}

TEST_CASE("value: truncated at any length it is none") {
    for (const int protocol : protocols) {
        Stored stored(protocol);
        const std::string whole = stored.value;
        for (std::size_t length = 1; length < whole.size(); ++length) {
            stored.value = whole.substr(0, length);
            CHECK(stored.error() == "damaged");
        }
        const auto der_end = whole.size() - sizeof(Checksum);
        for (std::size_t length = 1; length < der_end; ++length) {
            stored.value = summed(whole.substr(0, length));
            CHECK(stored.error() == "not a session");
        }
    }
}

TEST_CASE("value: with bytes after its end it is none") {
    for (const int protocol : protocols) {
        Stored stored(protocol);
        const std::string whole = stored.value;
        for (const std::string& tail : {"\0"s, "x"s, whole, whole.substr(1)}) {
            stored.value = whole + tail;
            CHECK(stored.error() == "damaged");
            stored.value = summed(stored.value);
            CHECK(stored.error() == "not a session");
        }
    }
}

TEST_CASE("value: with any one bit changed it is none") {
    for (const int protocol : protocols) {
        Stored stored(protocol);
        const std::string whole = stored.value;
        for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
            stored.value = whole;
            stored.value[bit / 8] =
                static_cast<char>(whole[bit / 8] ^ 1 << bit % 8);
            CHECK(stored.error() == (bit < 8 ? "unknown format" : "damaged"));
        }
    }
}

TEST_CASE("value: with any one bit changed before it was written") {
    // A change that goes unnoticed must be read without harm.
    for (const int protocol : protocols) {
        Stored stored(protocol);
        const auto whole = stored.value.substr(0, stored.value.size() - 8);
        for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
            stored.value = whole;
            stored.value[bit / 8] =
                static_cast<char>(whole[bit / 8] ^ 1 << bit % 8);
            stored.value = summed(stored.value);
            stored.error();
        }
    }
}

TEST_CASE("value: the checksum is FNV-1a, the lowest byte first") {
    const auto of = [](std::string_view bytes) {
        const Checksum sum = checksum(bytes);
        return std::string(sum.begin(), sum.end());
    };
    CHECK(of("") == "\x25\x23\x22\x84\xe4\x9c\xf2\xcb");
    CHECK(of("a") == "\x8c\xec\x01\x86\x4c\xdc\x63\xaf");
    CHECK(of("foobar") == "\xe8\x67\x39\xf7\x71\x41\x94\x85");
}

TEST_CASE("value: nonsense") {
    Stored stored(TLS1_2_VERSION);
    for (const std::string& nonsense :
         {"\x01value"s, "\x01\x30\x80"s, "\x01\x30\x84\xff\xff\xff\xff"s,
          "\x01"s + std::string(1000, '\x30')}) {
        stored.value = nonsense;
        CHECK(stored.error() == "damaged");
        stored.value = summed(nonsense);
        CHECK(stored.error() == "not a session");
    }
}

TEST_CASE("value: a session under another's ID is refused") {
    for (const int protocol : protocols) {
        Stored stored(protocol);
        const Stored other(protocol);
        const SessionId own = stored.expected.id;

        stored.expected.id = other.expected.id;
        CHECK(stored.error() == "another session ID");
        stored.expected.id = own.first(own.size() - 1);
        CHECK(stored.error() == "another session ID");
        stored.expected.id = {};
        CHECK(stored.error() == "another session ID");

        std::vector<unsigned char> changed(own.begin(), own.end());
        changed.back() ^= 1;
        stored.expected.id = changed;
        CHECK(stored.error() == "another session ID");
        changed.back() ^= 1;
        CHECK(stored.error() == "");
        changed.push_back(0);
        stored.expected.id = changed;
        CHECK(stored.error() == "another session ID");
    }
}

TEST_CASE("value: a session of another protocol version is refused") {
    Stored tls12(TLS1_2_VERSION);
    tls12.expected.protocol = TLS1_3_VERSION;
    CHECK(tls12.error() == "another protocol version");

    Stored tls13(TLS1_3_VERSION);
    tls13.expected.protocol = TLS1_2_VERSION;
    CHECK(tls13.error() == "another protocol version");
}

TEST_CASE("value: a session of another session ID context is refused") {
    for (const int protocol : protocols) {
        Stored stored(protocol);
        const Bytes own = stored.expected.context;
        REQUIRE_FALSE(own.empty());
        stored.expected.context = own.first(own.size() - 1);
        CHECK(stored.error() == "another session ID context");
        stored.expected.context = {};
        CHECK(stored.error() == "another session ID context");
        SSL_SESSION_set1_id_context(stored.session.get(), nullptr, 0);
        stored.value = stored.encoded();
        CHECK(stored.error() == "");
    }
}

TEST_CASE("value: a session lives as long as its own timeout") {
    Stored stored(TLS1_3_VERSION);
    stored.expected.timeout = 100 * hour;

    stored.expected.now = stored.time() + hour.count() - 1;
    CHECK(stored.error() == "");
    stored.expected.now = stored.time() + hour.count();
    CHECK(stored.error() == "expired");
    stored.expected.now = stored.time() + 1000 * hour.count();
    CHECK(stored.error() == "expired");
}

TEST_CASE("value: the shorter timeout of the server that asks counts") {
    Stored stored(TLS1_2_VERSION);
    stored.expected.timeout = 60s;

    stored.expected.now = stored.time() + 59;
    const Decoded back = stored.decoded();
    REQUIRE(back.session != nullptr);
    CHECK(SSL_SESSION_get_timeout(back.session.get()) == 60);
    CHECK(support::made_at(back.session.get()) == stored.time());

    stored.expected.now = stored.time() + 60;
    CHECK(stored.error() == "expired");
}

TEST_CASE("value: a longer timeout of the server that asks adds nothing") {
    Stored stored(TLS1_2_VERSION);
    stored.expected.timeout = 100 * hour;
    const Decoded back = stored.decoded();
    REQUIRE(back.session != nullptr);
    CHECK(SSL_SESSION_get_timeout(back.session.get()) == hour.count());
}

TEST_CASE("value: a session that no store had is judged by the same rules") {
    for (const int protocol : protocols) {
        const Stored stored(protocol);
        SSL_SESSION* session = stored.session.get();
        Expected expected = stored.expected;
        expected.id = {};  // nobody has looked it up by ID
        CHECK(judge(session, expected) == Refusal::none);
        CHECK(SSL_SESSION_get_timeout(session) == hour.count());

        Expected other = expected;
        other.context = expected.context.first(1);
        CHECK(judge(session, other) == Refusal::other_context);
        other = expected;
        other.protocol = TLS1_1_VERSION;
        CHECK(judge(session, other) == Refusal::other_protocol);
        other = expected;
        other.now = stored.time() + hour.count();
        CHECK(judge(session, other) == Refusal::expired);
        CHECK(SSL_SESSION_get_timeout(session) == hour.count());

        other = expected;
        other.timeout = 60s;
        other.now = stored.time() + 59;
        CHECK(judge(session, other) == Refusal::none);
        CHECK(SSL_SESSION_get_timeout(session) == 60);
        other.now = stored.time() + 60;
        CHECK(judge(session, other) == Refusal::expired);
    }
}

TEST_CASE("value: the time that is left") {
    const Stored stored(TLS1_3_VERSION);
    const SSL_SESSION* session = stored.session.get();
    const std::time_t made = stored.time();

    CHECK(time_left(session, hour, made) == hour);
    CHECK(time_left(session, hour, made + 600) == hour - 600s);
    CHECK(time_left(session, 60s, made) == 60s);
    CHECK(time_left(session, 60s, made + 10) == 50s);
    CHECK(time_left(session, 100 * hour, made) == hour);
    CHECK(time_left(session, hour, made + 3600) == 0s);
    CHECK(time_left(session, hour, made + 3700) == -100s);
}

TEST_CASE("value: times that are beyond all reason") {
    constexpr auto highest = std::numeric_limits<long>::max();
    constexpr auto lowest = std::numeric_limits<long>::min();
    const Stored stored(TLS1_3_VERSION);
    SSL_SESSION* session = stored.session.get();
    const std::time_t now = stored.time();

    for (const long made : {0L, 1L}) {
        support::set_made_at(session, made);
        CHECK(time_left(session, hour, now) < 0s);
    }
    // OpenSSL 3.3 has no times before 1970: some are then far in the future
    for (const long made : {lowest, -1L}) {
        support::set_made_at(session, made);
        if (support::made_at(session) > now) {
            CHECK(time_left(session, hour, now) == hour);
        } else {
            CHECK(time_left(session, hour, now) < 0s);
        }
    }
    for (const long made : {now + 1, highest}) {  // by a clock that is ahead
        support::set_made_at(session, made);
        CHECK(time_left(session, hour, now) == hour);
    }

    support::set_made_at(session, now);
    SSL_SESSION_set_timeout(session, highest);
    CHECK(time_left(session, hour, now) == hour);
}

TEST_CASE("value: a timeout below zero, which OpenSSL reads but does not set") {
    Stored stored(TLS1_3_VERSION);
    const std::string timeout = "\xa2\x04\x02\x02\x0e\x10";  // 3600
    const auto at = stored.value.find(timeout);
    REQUIRE(at != std::string::npos);
    stored.value.replace(at, timeout.size(), "\xa2\x04\x02\x02\xff\0"s);
    stored.value.resize(stored.value.size() - sizeof(Checksum));
    stored.value = summed(stored.value);
    // to OpenSSL 3.3 it is unlimited, and so cut to what is configured
    const auto* der =
        reinterpret_cast<const unsigned char*>(stored.value.data()) + 1;
    const SharedSession read(
        d2i_SSL_SESSION(nullptr, &der, std::ssize(stored.value)),
        SSL_SESSION_free);
    REQUIRE(read);
    if (SSL_SESSION_get_timeout(read.get()) < 0) {
        CHECK(stored.error() == "expired");
    } else {
        REQUIRE(stored.error() == "");
        CHECK(SSL_SESSION_get_timeout(stored.decoded().session.get()) ==
              hour.count());
    }
}

TEST_CASE("value: a session of 64 KiB is stored, a longer one is not") {
    const auto largest = long_session(max_session);
    SecretBytes bytes;
    REQUIRE(encode(largest.get(), {}, bytes));
    CHECK(bytes.view().size() == 1 + max_session + sizeof(Checksum));
    const Decoded back =
        decode(bytes.view(), {},
               {session_id(largest.get()), context_of(largest.get()),
                TLS1_3_VERSION, hour, support::made_at(largest.get())});
    CHECK(back.session != nullptr);

    const auto longer = long_session(max_session + 1);
    SecretBytes none;
    CHECK_FALSE(encode(longer.get(), {}, none));
    CHECK(none.view().empty());
}

TEST_CASE("value: one that is too long is not even read") {
    Stored stored(TLS1_3_VERSION);
    const auto longer = long_session(max_session + 1);
    unsigned char* der = nullptr;
    const int length = i2d_SSL_SESSION(longer.get(), &der);
    stored.value =
        summed("\x01" + std::string(reinterpret_cast<char*>(der),
                                    static_cast<std::size_t>(length)));
    OPENSSL_free(der);
    stored.expected.id = session_id(longer.get());
    CHECK(stored.error() == "too long");
}
