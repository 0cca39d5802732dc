// Redis over TLS: what passes through it, and which servers the client refuses.

#include "support/tls_redis.hpp"
#include "support/tls_store.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/err.h>

using backends::Options;
using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

Options options_for(const TlsRedis& redis,
                    const backends::tls::Parameters& parameters = trusting()) {
    return tls_options(store_address(redis.tls_address()), parameters);
}

// Waits until the server has turned the client away `times` times.
bool wait_refusals(TestStore& s, const TlsRedis& redis, std::size_t times) {
    return s.loop.run_until([&] {
        return count_lines(redis.log(), "Error accepting a client") >= times;
    });
}

// The connection is refused for `why`, and this is logged once.
void check_refused(TestStore& s, const TlsRedis& redis,
                   const std::string& why) {
    CAPTURE(s.log());
    CHECK(s.logs("unavailable: TLS handshake failed: " + why));
    CHECK(wait_refusals(s, redis, 5));
    CHECK(count_lines(s.log(), "") == 1);
    CHECK(s.at_once(Status::down));
    CHECK(ERR_peek_error() == 0);
}

std::string number(std::size_t i) {
    return std::to_string(i);
}

}  // namespace

TEST_CASE("redis tls: sessions are stored, fetched and erased") {
    for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
        CAPTURE(std::string(protocol));
        TlsRedis redis(certificates().store, {"--tls-protocols", protocol});
        TestStore s(options_for(redis));
        REQUIRE(s.connects());
        CHECK(s.fetch("key").status == Status::miss);
        s.put("key", "value");
        CHECK(s.fetch("key").value == "value");
        CHECK(redis.get("key") == "value");
        CHECK(s.store().erase("key") == Status::queued);
        CHECK(s.fetch("key").status == Status::miss);
        CHECK(s.plain_log() ==
              "[notice] redis " + redis.tls_address().text() + ": connected\n");
    }
}

TEST_CASE("redis tls: large values, many at a time") {
    TlsRedis redis;
    TestStore s(options_for(redis));
    REQUIRE(s.connects());
    std::string value(64 * 1024, '\0');
    for (std::size_t i = 0; i < value.size(); ++i) {
        value[i] = static_cast<char>(i * 7);
    }
    for (std::size_t i = 0; i < 200; ++i) {
        CHECK(s.store().store("key" + number(i), number(i) + value, 60s) ==
              Status::queued);
    }
    const auto fetches = s.begin_fetches(200, "key");
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (std::size_t i = 0; i < fetches.size(); ++i) {
        CHECK(fetches[i]->result.value == number(i) + value);
    }
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis tls: thousands of lookups at once") {
    TlsRedis redis;
    TestStore s(options_for(redis));
    REQUIRE(s.connects());
    for (int i = 0; i < 10; ++i) {
        const auto fetches = s.begin_fetches(1000, "key");
        CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
        for (const auto& fetch : fetches) {
            CHECK(fetch->result.status == Status::miss);
        }
    }
}

TEST_CASE("redis tls: who is not to be believed is refused, until it is") {
    const auto& shown = certificates();
    const struct {
        const KeyPair& certificate;
        const char* why;
    } servers[] = {
        {shown.store_expired,
         "certificate verify failed: certificate has expired"},
        {shown.store_elsewhere, "certificate verify failed: hostname mismatch"},
        {shown.ecdsa, "certificate verify failed: self"},
    };
    for (const auto& server : servers) {
        TlsRedis redis(server.certificate);
        TestStore s(options_for(redis));
        check_refused(s, redis, server.why);

        redis.show(shown.store);
        CHECK(s.connects());
        CHECK(s.fetch("key").status == Status::miss);
    }
}

TEST_CASE("redis tls: a certificate of a CA that is not trusted") {
    TlsRedis redis;
    auto parameters = trusting();
    for (const auto& ca : {certificates().ecdsa.certificate.string(),
                           std::string()}) {  // the system's CAs
        parameters.ca = ca;
        TestStore s(options_for(redis, parameters));
        check_refused(s, redis, "certificate verify failed: self");
    }
}

TEST_CASE("redis tls: without verification anybody is believed") {
    const auto& shown = certificates();
    auto parameters = trusting();
    parameters.verify = false;
    for (const auto& certificate :
         {shown.store_expired, shown.store_elsewhere, shown.ecdsa}) {
        TlsRedis redis(certificate);
        TestStore s(options_for(redis, parameters));
        REQUIRE(s.connects());
        s.put("key", "value");
        CHECK(s.fetch("key").value == "value");
    }
}

TEST_CASE("redis tls: an IP address is checked as such") {
    TlsRedis redis;
    TestStore right(options_for(redis, trusting("127.0.0.1")));
    CHECK(right.connects());
    TestStore wrong(options_for(redis, trusting("127.0.0.2")));
    check_refused(wrong, redis,
                  "certificate verify failed: IP address mismatch");
}

TEST_CASE("redis tls: over IPv6" * doctest::skip(!has_ipv6())) {
    TlsRedis redis(certificates().store, {"--bind", "127.0.0.1", "::1"});
    backends::Address address{{}, sizeof(sockaddr_in6), "[::1]"};
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(redis.tls_address().port);
    in6.sin6_addr = in6addr_loopback;
    TestStore right(tls_options(address, trusting("::1")));
    CHECK(right.connects());
    TestStore wrong(tls_options(address, trusting("::2")));
    check_refused(wrong, redis,
                  "certificate verify failed: IP address mismatch");
}

TEST_CASE("redis tls: a server that wants to know its clients") {
    TlsRedis redis(certificates().store, {"--tls-auth-clients", "yes"});
    auto parameters = trusting();
    parameters.cert = certificates().client.certificate;
    parameters.cert_key = certificates().client.key;
    TestStore known(options_for(redis, parameters));
    REQUIRE(known.connects());
    known.put("key", "value");

    // in TLS 1.3 a client learns of it after its handshake
    TestStore unknown(options_for(redis));
    CHECK(unknown.logs("unavailable: recv() failed: tlsv13 alert certificate "
                       "required"));
    CHECK(wait_refusals(unknown, redis, 5));
    CHECK(unknown.logged("connected") == 0);
    CHECK(unknown.at_once(Status::down));
}

TEST_CASE("redis tls: a client certificate in TLS 1.2") {
    TlsRedis redis(certificates().store,
                   {"--tls-auth-clients", "yes", "--tls-protocols", "TLSv1.2"});
    TestStore unknown(options_for(redis));
    // "sslv3", or "ssl/tls" from OpenSSL 3.2 on
    check_refused(unknown, redis,
                  ERR_reason_error_string(ERR_PACK(
                      ERR_LIB_SSL, 0, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)));
    auto parameters = trusting();
    parameters.cert = certificates().large.certificate;
    parameters.cert_key = certificates().large.key;
    TestStore known(options_for(redis, parameters));
    CHECK(known.connects());
}

TEST_CASE("redis tls: a password, a user and a database") {
    const std::string password = "correct-horse";
    TlsRedis redis(certificates().store, {"--requirepass", password},
                   {password});
    auto options = options_for(redis);
    options.user = "default";
    options.password = password;
    options.db = 5;
    TestStore s(options);
    REQUIRE(s.connects());
    s.put("key", "value");
    auto client = redis.client();
    client.select(5);
    CHECK(client.get("key") == "value");

    options.password = "wrong-staple";
    TestStore wrong(options);
    CHECK(wrong.logs("unavailable: AUTH failed: WRONGPASS"));
}

// The server may wait for the rest of what looks like a long command.
TEST_CASE("redis tls: a server without TLS") {
    RedisServer redis;
    auto options = tls_options(store_address(redis.address()));
    options.timeout = 200ms;
    TestStore s(options);
    CHECK(s.logs("unavailable: TLS handshake "));
    auto client = redis.client();
    CHECK(s.loop.run_until([&] {
        return std::stoi(client.info("stats", "total_connections_received")) >
               5;
    }));
    CAPTURE(s.log());
    CHECK(s.logged("TLS handshake timed out") +
              s.logged("TLS handshake failed: wrong version number") +
              s.logged("TLS handshake failed: closed by the store") ==
          count_lines(s.log(), ""));
    CHECK(s.at_once(Status::down));
}

TEST_CASE("redis tls: a server with TLS where none is expected") {
    TlsRedis redis;
    TestStore s(store_options(store_address(redis.tls_address())));
    CHECK(s.logs("unavailable: "));
    CHECK(wait_refusals(s, redis, 5));
    CHECK(s.logged("connected") == 0);
    CHECK(s.at_once(Status::down));
}

TEST_CASE("redis tls: a server that freezes, and comes back") {
    constexpr coro::Time timeout{60'000};
    TlsRedis redis;
    auto options = options_for(redis);
    options.timeout = timeout;
    TestStore s(options);
    REQUIRE(s.connects());
    s.put("key", "value");
    redis.freeze();
    const auto fetch = s.begin_fetch("key");
    s.loop.run_turns(5);
    CHECK_FALSE(fetch->done);
    s.loop.skip(timeout);
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.status == Status::timeout);
    CHECK(s.logged("connection lost: GET timed out") == 1);

    // the kernel accepts connections, but nobody shakes hands
    for (int i = 0; i < 20; ++i) {
        CHECK(s.at_once(Status::down));
        s.loop.skip(timeout);
        s.loop.run_turns(5);
    }
    CHECK(s.logged("[error]") == 2);
    CHECK(s.logged("unavailable: TLS handshake timed out") == 1);
    redis.thaw();
    CHECK(s.connects(2));
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis tls: a frozen server that takes no more bytes") {
    TlsRedis redis;
    auto options = options_for(redis);
    options.count = Options::unlimited;
    TestStore s(options);
    REQUIRE(s.connects());
    redis.freeze();
    for (int i = 0; i < 200; ++i) {
        s.store().store("key" + number(i), std::string(64 * 1024, 'x'), 60s);
        s.loop.run_turns(3);
    }
    const auto fetch = s.begin_fetch("key199");
    s.loop.run_turns(5);
    CHECK_FALSE(fetch->done);
    redis.thaw();
    CHECK(s.loop.run_until([&] { return fetch->done; }));
    CHECK(fetch->result.value == std::string(64 * 1024, 'x'));
    CHECK(redis.keys().size() == 200);
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("redis tls: a server that is killed, and one that hangs up") {
    TlsRedis redis;
    TestStore s(options_for(redis));
    REQUIRE(s.connects());
    redis.client().command({"CLIENT", "KILL", "TYPE", "normal"});
    CHECK(s.logs("connection lost: closed by the store"));
    CHECK(s.connects(2));
    redis.kill9();
    CHECK(s.logs("connection lost: ", 2));
    CHECK(s.logs("unavailable: connect() failed: Connection refused"));
    redis.start();
    CHECK(s.connects(3));
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
}

TEST_CASE("redis tls: what is queued at the end still acts") {
    TlsRedis redis;
    TestStore s(options_for(redis));
    REQUIRE(s.connects());
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK(s.store().store("key" + number(i), "x", 60s) == Status::queued);
    }
    s.store().close();
    CHECK(s.finish());
    CHECK(eventually([&] { return redis.client().dbsize() == 100; }));
}
