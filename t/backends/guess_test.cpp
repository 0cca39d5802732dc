// Which kind of server answers instead of the store, and the hint in the log.

#include "backends/guess.hpp"

#include "support/test_store.hpp"
#include "support/tls_memcached.hpp"
#include "support/tls_redis.hpp"
#include "support/tls_store.hpp"

#include <doctest/doctest.h>

using backends::guess;
using backends::Status;
using namespace support;

namespace {

constexpr const char* want_tls = "; it may want TLS (tls=on)";
constexpr const char* is_redis = "; it seems to be Redis (type=redis)";
constexpr const char* is_memcached =
    "; it seems to be memcached (type=memcached)";
constexpr const char* no_tls = "; the port may be one without TLS";

// It never counts as connected, and one line says what kind of server it is.
void check_told(TestStore& s, const std::string& what) {
    const bool is_told = s.logs(what);
    CAPTURE(s.log());
    CHECK(is_told);
    CHECK(s.logged("unavailable: ") == 1);
    CHECK(s.logged("connected") == 0);
    CHECK(s.at_once(Status::down));
}

// A server that is no store: it sends `greeting` at once, and hangs up.
void check_says(const std::string& greeting, backends::Options options,
                const std::string& what, bool is_memcached_wanted = false) {
    CAPTURE(greeting);
    Peer peer;
    options.addresses = {store_address(peer)};
    auto server = store_server(store_address(peer));
    auto s = is_memcached_wanted
                 ? std::make_unique<TestStore>(
                       std::vector<backends::Server>{server}, options)
                 : std::make_unique<TestStore>(options);
    REQUIRE(s->loop.run_until([&] { return peer.accept(); }));
    REQUIRE(s->loop.run_until([&] { return !peer.received().empty(); }));
    if (!greeting.empty()) {
        peer.send(greeting);
    }
    peer.hang_up();
    check_told(*s, what);
}

}  // namespace

TEST_CASE("guess: by what is said first") {
    for (const auto& each : std::vector<std::array<std::string, 3>>{
             {"\x15\x03\x03", "redis",
              "; it seems to be a TLS server (tls=on)"},
             {"HTTP/1.1 400 Bad", "redis", "; it seems to be an HTTP server"},
             {"SSH-2.0-", "memcached", "; it seems to be an SSH server"},
             {"220 mx ESMTP", "redis", "; it seems to be a mail or FTP server"},
             {"-ERR unknown", "memcached", is_redis},
             {"-NOAUTH", "redis", ""},
             {"ERROR\r\n", "redis", is_memcached},
             {"ERROR\r\n", "memcached", ""},
             {"", "redis", ""},
             {"\x01\x02", "redis", ""}}) {
        CAPTURE(each[0]);
        CHECK(guess(each[0], each[1]) == each[2]);
    }
}

TEST_CASE("guess: a memcached, and one with TLS, where a Redis is expected") {
    MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    TestStore s(store_options(store_address(memcached.address())));
    check_told(s, is_memcached);

    TlsMemcached secret;
    TestStore t(store_options(store_address(secret.tls_address())));
    check_told(t, "TLS (tls=on)");
}

TEST_CASE("guess: a Redis, and one with TLS, where a memcached is expected") {
    TlsRedis redis;
    for (const char* password : {"", "password"}) {
        auto options = store_options();
        options.user = "user";
        options.password = password;
        options.timeout = std::chrono::seconds(1);
        TestStore s({store_server(store_address(redis.address()))}, options);
        check_told(s, "(type=redis)");
    }
    TestStore t({store_server(store_address(redis.tls_address()))});
    check_told(t, "TLS (tls=on)");
}

TEST_CASE("guess: a Redis with TLS where one without is expected") {
    TlsRedis redis;
    TestStore s(store_options(store_address(redis.tls_address())));
    check_told(s, "TLS (tls=on)");
}

TEST_CASE(
    "guess: who speaks something else, or nothing, is told from a store") {
    const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
    const std::string is_http = "; it seems to be an HTTP server";
    check_says(http, store_options(), is_http);
    check_says(http, store_options(), is_http, true);
    check_says("SSH-2.0-OpenSSH_9.2\r\n", store_options(),
               "; it seems to be an SSH server", true);
    check_says("", store_options(), want_tls);
    check_says("", store_options(), want_tls, true);

    auto tls = tls_options({});
    check_says(http, tls, no_tls + is_http);
    check_says("-ERR unknown command\r\n", tls, std::string(no_tls) + is_redis);
    check_says("ERROR\r\n", tls, std::string(no_tls) + is_memcached);
    check_says("", tls, no_tls);
}
