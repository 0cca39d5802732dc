// A store that is away, is broken, or refuses requests.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

constexpr const char* quick = "interval=20 timeout=60s";

void check_full(const Node& node) {
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = node.get(options).session();
        CHECK_FALSE(node.get(options).reused);
    }
}

}  // namespace

STORE_TEST_CASE("a store that is away from the start") {
    Server store;
    store.kill9();
    Node a(directive(store, quick), {});
    Node b(directive(store, quick), {});
    for (int i = 0; i < 10; ++i) {
        check_full(a);
        check_full(b);
    }
    CHECK(a.nginx().log_count("[error]") == 1);
    store.start();
    CHECK(eventually_resumes(a, b));
}

STORE_TEST_CASE("a store that is killed and comes back") {
    Server store;
    Fleet fleet(store, {}, quick);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(eventually_resumes(fleet.a, fleet.b));
        store.kill9();
        check_full(fleet.a);
        check_full(fleet.b);
        store.start();
    }
    CHECK(eventually_resumes(fleet.a, fleet.b));
}

TEST_CASE("a store that is killed and comes back over TCP") {
    RedisServer redis;
    const auto line =
        "remote_ssl_session_cache addr=" + redis.address().text() + " " +
        quick + ";";
    Node a(line, {});
    Node b(line, {});
    REQUIRE(eventually_resumes(a, b));
    redis.kill9();
    check_full(a);
    check_full(b);
    redis.start();
    CHECK(eventually_resumes(a, b));
}

STORE_TEST_CASE("a store that dies under a lookup releases it at once") {
    Server store;
    Fleet fleet(store, {}, quick);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        store.freeze();
        TlsClient client(fleet.b.address(), options);
        CHECK_FALSE(client.step());
        // A full handshake, which asks no store. When it is served, the one
        // above is under way.
        auto fresh = options;
        fresh.session = nullptr;
        fleet.b.get(fresh);
        CHECK_FALSE(client.step());
        store.kill9();
        client.handshake();
        CHECK_FALSE(client.reused());
        store.start();
        REQUIRE(eventually_resumes(fleet.a, fleet.b));
    }
}

TEST_CASE("a store that is no Redis") {
    // A plain HTTP server answers a PING with an error page.
    NodeConfig config;
    config.nginx.load_module = false;
    Node http(config);
    Node node("remote_ssl_session_cache addr=" + http.status().text() + " " +
                  quick + ";",
              {});
    for (int i = 0; i < 10; ++i) {
        check_full(node);
    }
    CHECK(node.nginx().log_count("[error]") == 1);
}

STORE_TEST_CASE("a store that is silent from the start is not waited for") {
    Server store;
    store.freeze();
    Node node(directive(store, "timeout=60s"), {});
    check_full(node);
    store.thaw();
}

TEST_CASE("a Redis that does not answer its greeting is not waited for") {
    RedisServer store;
    store.freeze();
    for (const auto* parameters :
         {"db=1 timeout=60s", "auth=secret timeout=60s"}) {
        CAPTURE(std::string(parameters));
        Node node(directive(store, parameters), {});
        check_full(node);
    }
    store.thaw();
}

TEST_CASE("a store out of memory still serves what it has") {
    RedisServer redis;
    Fleet fleet(redis, {}, quick);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        redis.client().config_set("maxmemory", "1");
        for (int i = 0; i < 10; ++i) {
            check_full(fleet.a);
            CHECK(fleet.b.get(options).reused);
        }
        redis.client().config_set("maxmemory", "0");
        CHECK(eventually_resumes(fleet.a, fleet.b));
    }
    // Neither one line per request, nor silence about the second time.
    CHECK(fleet.a.nginx().log_count("OOM") >= 1);
    CHECK(fleet.a.nginx().log_count("OOM") <= 2);
}

TEST_CASE("a store that is read-only still serves what it has") {
    RedisServer redis;
    Fleet fleet(redis, {}, quick);
    const ReservedPort nobody;
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        redis.client().command(
            {"REPLICAOF", "127.0.0.1", std::to_string(nobody.number())});
        for (int i = 0; i < 10; ++i) {
            check_full(fleet.a);
            CHECK(fleet.b.get(options).reused);
        }
        redis.client().command({"REPLICAOF", "NO", "ONE"});
        CHECK(eventually_resumes(fleet.a, fleet.b));
    }
    CHECK(fleet.a.nginx().log_count("READONLY") >= 1);
    CHECK(fleet.a.nginx().log_count("READONLY") <= 2);
}

TEST_CASE("connections that the store closes are made anew") {
    RedisServer redis;
    Fleet fleet(redis, {}, quick);
    for (int i = 0; i < 5; ++i) {
        redis.client().command(
            {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
        CHECK(eventually_resumes(fleet.a, fleet.b));
    }
}
