// What is stored under which key, and how nodes reach the store.

#include "support/node.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

using namespace support;

namespace {

void check_roundtrip(const RedisServer& redis, const std::string& parameters,
                     int db = 0, const std::string& prefix = "ngx_ssl:") {
    Node a(directive(redis, parameters), {});
    Node b(directive(redis, parameters), {});
    auto client = redis.client();
    client.select(db);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        // A login has to wait for the store's answer, so it may come too late
        // for the first handshakes.
        CHECK(eventually([&] {
            options.session = nullptr;
            options.session = a.get(options).session();
            return eventually(
                       [&] {
                           return client.exists(prefix +
                                                session_id(options.session));
                       },
                       Milliseconds{200}) &&
                   b.get(options).reused;
        }));
    }
}

void check_sessions_roam(const std::string& line, const RedisServer& redis) {
    Node a(line, {});
    Node b(line, {});
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    const auto session = a.get(tls12()).session();
    REQUIRE(wait_stored(redis, session));
    CHECK(b.get(tls12(session)).reused);
}

// Handshakes go on, all of them full, and the log gives the reason once.
void check_refused(const RedisServer& redis, const std::string& parameters,
                   const std::string& reason) {
    Node node(directive(redis, parameters), {});
    CHECK(node.nginx().wait_log(reason));
    for (auto options : {tls12(), tls13()}) {
        for (int i = 0; i < 10; ++i) {
            options.session = node.get(options).session();
            CHECK_FALSE(node.get(options).reused);
        }
    }
    CHECK(node.nginx().log_count(reason) == 1);
    CHECK(redis.client().keys().size() == 0);
}

}  // namespace

STORE_TEST_CASE("keys are the prefix and the session ID in lower-case hex") {
    Server store;
    Fleet fleet(store);
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        store.flush();
        std::set<std::string> expected;
        for (const auto& session : fleet.a.get(options).sessions) {
            CHECK(session_id(session).size() == 64);
            expected.insert("ngx_ssl:" + session_id(session));
            REQUIRE(wait_stored(store, session));
        }
        const auto keys = store.keys();
        CHECK(std::set(keys.begin(), keys.end()) == expected);
    }
}

STORE_TEST_CASE("values are a format byte, the session's DER and a sum") {
    Server store;
    Fleet fleet(store);
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto id = session_id(fleet.make(options));
        const auto value = store.get("ngx_ssl:" + id).value();
        const auto* der =
            reinterpret_cast<const unsigned char*>(value.data()) + 1;
        const Session session(
            d2i_SSL_SESSION(nullptr, &der, std::ssize(value) - 1),
            SSL_SESSION_free);
        REQUIRE(session);
        CHECK(reinterpret_cast<const char*>(der) + 8 ==
              value.data() + value.size());
        unsigned size = 0;
        SSL_SESSION_get_id(session.get(), &size);
        CHECK(size == 32);
        CHECK(SSL_SESSION_get_protocol_version(session.get()) ==
              options.max_version);
    }
}

TEST_CASE("prefix=") {
    const RedisServer redis;
    check_roundtrip(redis, "prefix=fleet-7/ timeout=60s", 0, "fleet-7/");
    auto client = redis.client();
    CHECK(client.keys("fleet-7/*").size() == client.keys().size());
}

STORE_TEST_CASE("nodes with different prefixes do not meet") {
    Server store;
    Node a(directive(store, "prefix=a: timeout=60s"), {});
    Node b(directive(store, "prefix=b: timeout=60s"), {});
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    const auto session = a.get(tls12()).session();
    REQUIRE(wait_stored(store, session, "a:"));
    CHECK_FALSE(b.get(tls12(session)).reused);
    CHECK(a.get(tls12(session)).reused);
}

TEST_CASE("db=") {
    const RedisServer redis;
    check_roundtrip(redis, "db=3 timeout=60s", 3);
    CHECK(redis.client().keys().size() == 0);
}

TEST_CASE("over TCP, by every form of address") {
    const RedisServer redis;
    const auto port = std::to_string(redis.address().port);
    for (const auto& address : {"addr=127.0.0.1 port=" + port, "port=" + port,
                                "addr=127.0.0.1:" + port}) {
        CAPTURE(address);
        check_sessions_roam(
            "remote_ssl_session_cache " + address + " timeout=60s;", redis);
    }
}

TEST_CASE("over TCP, by a name" * doctest::skip(!has_localhost())) {
    const RedisServer redis;
    const auto port = std::to_string(redis.address().port);
    for (const auto& address :
         {"addr=localhost port=" + port, "addr=localhost:" + port}) {
        CAPTURE(address);
        check_sessions_roam(
            "remote_ssl_session_cache " + address + " timeout=60s;", redis);
    }
}

TEST_CASE("over TCP on IPv6" * doctest::skip(!has_ipv6())) {
    const RedisServer redis({"--bind", "::1"});
    const auto port = std::to_string(redis.address().port);
    std::vector<std::string> addresses{"addr=[::1]:" + port,
                                       "addr=[::1] port=" + port};
    // Nobody listens on its IPv4 address, which is tried as well.
    if (run({"getent", "ahostsv6", "localhost"}).output.starts_with("::1 ")) {
        addresses.push_back("addr=localhost:" + port);
    }
    for (const auto& address : addresses) {
        CAPTURE(address);
        check_sessions_roam("remote_ssl_session_cache interval=20 " + address +
                                " timeout=60s;",
                            redis);
    }
}

TEST_CASE("auth=password") {
    const RedisServer redis({"--requirepass", "secret"}, {"secret"});
    check_roundtrip(redis, "auth=secret timeout=60s");
    check_roundtrip(redis, "auth=secret db=2 timeout=60s", 2);
}

TEST_CASE("auth=user:password, with the commands the README names") {
    const RedisServer redis({"--user", "node", "on", ">secret", "~ngx_ssl:*",
                             "-@all", "+auth", "+select", "+ping", "+get",
                             "+set", "+setex", "+del"});
    check_roundtrip(redis, "auth=node:secret timeout=60s");
    check_roundtrip(redis, "auth=node:secret db=2 timeout=60s", 2);
    CHECK(redis.client().command({"ACL", "LOG"}).elements.empty());
}

TEST_CASE("a login that fails is told once and harms no client") {
    const RedisServer redis({"--requirepass", "secret"}, {"secret"});
    check_refused(redis, "auth=wrong interval=20 timeout=60s", "WRONGPASS");
    check_refused(redis, "auth=nobody:secret interval=20 timeout=60s",
                  "WRONGPASS");
}

TEST_CASE("a missing password is told once and harms no client") {
    const RedisServer redis({"--requirepass", "secret"}, {"secret"});
    check_refused(redis, "db=1 interval=20 timeout=60s", "NOAUTH");
}

TEST_CASE("a database that is not there is told once and harms no client") {
    const RedisServer redis({"--databases", "2"});
    check_refused(redis, "db=7 interval=20 timeout=60s", "out of range");
}
