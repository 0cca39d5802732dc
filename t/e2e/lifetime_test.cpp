// How long a session lives, in the store and at the servers.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

NodeConfig with_timeout(const std::string& timeout) {
    NodeConfig config;
    config.server = "ssl_session_timeout " + timeout + ";";
    return config;
}

// A deadline as generous as any, on the store's clock.
void check_ttl(RedisClient& redis, const Session& session, int timeout) {
    const auto ttl = redis.ttl("ngx_ssl:" + session_id(session));
    CHECK(ttl <= timeout);
    CHECK(ttl > timeout - 30);
}

}  // namespace

TEST_CASE("a stored session lives as long as its server lets it") {
    const RedisServer redis;
    auto client = redis.client();
    Node brief(directive(redis), with_timeout("100s"));
    Node lasting(directive(redis), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        for (const auto& session : brief.get(options).sessions) {
            REQUIRE(wait_stored(redis, session));
            check_ttl(client, session, 100);
        }
        for (const auto& session : lasting.get(options).sessions) {
            REQUIRE(wait_stored(redis, session));
            check_ttl(client, session, 3600);
        }
    }
}

TEST_CASE("a resumption prolongs nothing in TLS 1.2") {
    const RedisServer redis;
    auto client = redis.client();
    Node brief(directive(redis), with_timeout("100s"));
    Node lasting(directive(redis), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    const auto session = brief.get(tls12()).session();
    REQUIRE(wait_stored(redis, session));
    CHECK(lasting.get(tls12(session)).reused);
    // A later operation on the same connection: whatever the resumption
    // stored has arrived before it.
    const auto later = lasting.get(tls12()).session();
    REQUIRE(wait_stored(redis, later));
    check_ttl(client, session, 100);
}

TEST_CASE("what a resumption in TLS 1.3 stores follows that server's timeout") {
    const RedisServer redis;
    auto client = redis.client();
    Node brief(directive(redis), with_timeout("100s"));
    Node lasting(directive(redis), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    const auto session = lasting.get(tls13()).session();
    REQUIRE(wait_stored(redis, session));
    const auto again = brief.get(tls13(session));
    REQUIRE(again.reused);
    REQUIRE(wait_stored(redis, again.session()));
    check_ttl(client, again.session(), 100);
}

TEST_CASE("an expired session leaves the store and does not resume") {
    Fleet fleet(with_timeout("1s"));
    auto redis = fleet.redis.client();
    const auto session = fleet.a.get(tls12()).session();
    CHECK(
        eventually([&] { return redis.info("stats", "expired_keys") == "1"; }));
    CHECK_FALSE(fleet.b.get(tls12(session)).reused);
}

TEST_CASE("an expired session does not resume though a store still has it") {
    Fleet fleet(with_timeout("2s"));
    auto redis = fleet.redis.client();
    Session session;
    std::optional<std::string> value;
    // On a busy machine it may be gone before it can be looked at.
    REQUIRE(eventually([&] {
        session = fleet.a.get(tls12()).session();
        wait_stored(fleet.redis, session);
        value = redis.get("ngx_ssl:" + session_id(session));
        return value.has_value();
    }));
    redis.set("ngx_ssl:" + session_id(session), *value);
    CHECK(eventually([&] { return !fleet.b.get(tls12(session)).reused; }));
}

TEST_CASE("a server's shorter timeout rules what it takes from the store") {
    const RedisServer redis;
    Node brief(directive(redis), with_timeout("1s"));
    Node lasting(directive(redis), with_timeout("1h"));
    REQUIRE(brief.connected());
    REQUIRE(lasting.connected());
    const auto session = lasting.get(tls12()).session();
    REQUIRE(wait_stored(redis, session));
    CHECK(eventually([&] { return !brief.get(tls12(session)).reused; }));
    CHECK(lasting.get(tls12(session)).reused);
}
