// Where the directive acts: on, off, absent, inherited, replaced.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Whether a session made at `node` now resumes there.
bool resumes(const Node& node, TlsOptions options) {
    const auto made = node.get(options).sessions;
    if (made.empty()) {
        return false;
    }
    options.session = made.back();
    return node.get(options).reused;
}

}  // namespace

TEST_CASE("a loaded module without a directive changes nothing") {
    NodeConfig config;
    config.server = "ssl_session_cache shared:S:1m;";
    Node with(config);
    config.nginx.load_module = false;
    Node without(config);
    for (const auto* node : {&with, &without}) {
        const auto made = node->get(tls12()).session();
        CHECK(SSL_SESSION_has_ticket(made.get()) == 1);
        CHECK(resumes(*node, tls12()));
        CHECK(resumes(*node, tls13()));
    }
    const auto sockets = [](Node& node) {
        return open_sockets(node.nginx().workers().at(0));
    };
    REQUIRE(with.idle());
    REQUIRE(without.idle());
    CHECK(eventually([&] { return sockets(with) == sockets(without); }));
}

TEST_CASE("off in http connects nowhere and shares nothing") {
    const RedisServer redis;
    auto watch = redis.client();
    const auto connections = [&] {
        return watch.info("stats", "total_connections_received");
    };
    const auto before = connections();
    const auto off =
        "remote_ssl_session_cache off \"addr=unix:" + redis.unix_path() + "\";";
    Node a(off, {});
    Node b(off, {});
    for (auto options : {tls12(), tls13()}) {
        options.session = a.get(options).session();
        CHECK_FALSE(b.get(options).reused);
    }
    CHECK(watch.dbsize() == 0);
    CHECK(connections() == before);
}

TEST_CASE("off in a server leaves nginx's own caching as configured") {
    const RedisServer redis;
    const struct {
        std::string server;
        bool resumes;
        bool ticket;
    } cases[] = {
        {"ssl_session_cache off; ssl_session_tickets off;", false, false},
        {"ssl_session_cache none; ssl_session_tickets off;", false, false},
        {"ssl_session_cache builtin; ssl_session_tickets off;", true, false},
        {"ssl_session_cache shared:S:1m; ssl_session_tickets off;", true,
         false},
        {"ssl_session_cache none;", true, true},
    };
    for (const auto& expected : cases) {
        CAPTURE(expected.server);
        NodeConfig config;
        config.server = "remote_ssl_session_cache off; " + expected.server;
        Node node(directive(redis), config);
        Node other(directive(redis), config);
        for (const auto& session : node.get(tls12()).sessions) {
            CHECK((SSL_SESSION_has_ticket(session.get()) == 1) ==
                  expected.ticket);
            CHECK_FALSE(other.get(tls12(session)).reused);
        }
        CHECK(resumes(node, tls12()) == expected.resumes);
        CHECK(resumes(node, tls13()) == expected.resumes);
        CHECK(redis.client().dbsize() == 0);
    }
}

TEST_CASE("the directive in the server alone is enough") {
    const RedisServer redis;
    NodeConfig config;
    config.server = directive(redis);
    Node a(config);
    Node b(config);
    REQUIRE(a.connected());
    REQUIRE(b.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = a.get(options).session();
        REQUIRE(wait_stored(redis, options.session));
        CHECK(b.get(options).reused);
    }
}

TEST_CASE("a server's own directive replaces the inherited one wholly") {
    const RedisServer redis;
    NodeConfig config;
    config.server = directive(redis);
    Node node(directive(redis, "prefix=other: db=1 timeout=60s"), config);
    auto client = redis.client();
    // It is left open here whether a store that no server uses is connected.
    REQUIRE(eventually([&] {
        node.get(tls12());
        return client.dbsize() > 0;
    }));
    CHECK(client.keys("ngx_ssl:*").size() == client.keys().size());
    client.select(1);
    CHECK(client.dbsize() == 0);
}

TEST_CASE("equal parameters share one connection, others do not") {
    const RedisServer redis;
    const ReservedPort equal_port, different_port;
    NodeConfig equal, different, config;
    equal.server = directive(redis);
    different.server = directive(redis, "db=1 timeout=60s");
    const auto connections = [&] {
        Node node(directive(redis), config);
        REQUIRE(node.connected());
        return connected_clients(redis);
    };
    config.http = server_block({}, equal_port.address());
    CHECK(connections() == 1);
    config.http = server_block(equal, equal_port.address());
    CHECK(connections() == 1);
    config.http += server_block(different, different_port.address());
    CHECK(connections() == 2);
}

TEST_CASE("servers with different stores use each its own") {
    const RedisServer first, second;
    const ReservedPort port;
    NodeConfig other, config;
    other.server = directive(second);
    config.http = server_block(other, port.address());
    Node node(directive(first), config);
    REQUIRE(node.connected(2));
    const auto at_first = node.get(tls12()).session();
    const auto at_second = get(port.address(), tls12()).session();
    REQUIRE(wait_stored(first, at_first));
    REQUIRE(wait_stored(second, at_second));
    CHECK(first.client().dbsize() == 1);
    CHECK(second.client().dbsize() == 1);
    CHECK(node.get(tls12(at_first)).reused);
    CHECK(get(port.address(), tls12(at_second)).reused);
    CHECK_FALSE(node.get(tls12(at_second)).reused);
}

TEST_CASE("name-based servers resume under each other's socket's default") {
    const RedisServer redis;
    const auto named = [](const Address& address) {
        NodeConfig config;
        config.name = "named.example";
        config.response = "200 named";
        return server_block(config, address);
    };
    const ReservedPort first, second;
    NodeConfig config;
    config.http = server_block({}, first.address()) + named(first.address()) +
                  server_block({}, second.address()) + named(second.address());
    Node node(directive(redis), config);
    REQUIRE(node.connected());
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.server_name = "named.example";
        const auto made = get(first.address(), options);
        CHECK(made.body() == "named");
        options.session = made.session();
        REQUIRE(wait_stored(redis, options.session));
        const auto again = get(second.address(), options);
        CHECK(again.reused);
        CHECK(again.body() == "named");
    }
}

// Before nginx 1.29.2, that of the socket's default server acts for all.
TEST_CASE("each named server has its directive, where SNI comes first") {
    const RedisServer first, second;
    const ReservedPort port;
    NodeConfig named, off, config;
    named.name = "named.example";
    named.server = directive(second);
    off.name = "off.example";
    off.server = "remote_ssl_session_cache off;";
    config.http = server_block({}, port.address()) +
                  server_block(named, port.address()) +
                  server_block(off, port.address());
    Node node(directive(first), config);
    const bool acts = has_sni_before_session();
    REQUIRE(node.connected(acts ? 2 : 1));
    const auto visit = [&](TlsOptions options, const std::string& name,
                           const Session& session = nullptr) {
        options.server_name = name;
        options.session = session;
        return get(port.address(), options);
    };
    for (const auto& options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto here = visit(options, "localhost").session();
        REQUIRE(wait_stored(first, here));
        CHECK(visit(options, "localhost", here).reused);

        const auto there = visit(options, "named.example").session();
        REQUIRE(wait_stored(acts ? second : first, there));
        CHECK(visit(options, "named.example", there).reused);
    }
    CHECK((second.client().dbsize() > 0) == acts);

    // Without the directive clients are given stateless tickets.
    const auto stateless = visit(tls12(), "off.example").session();
    CHECK(SSL_SESSION_has_ticket(stateless.get()) == (acts ? 1 : 0));
}

TEST_CASE("a named server has its directive though the default has none") {
    const RedisServer redis;
    const ReservedPort port;
    NodeConfig named, config;
    named.name = "named.example";
    named.server = directive(redis);
    config.http =
        server_block({}, port.address()) + server_block(named, port.address());
    Node node(config);
    const bool acts = has_sni_before_session();
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        CHECK_FALSE(get(port.address(), options).sessions.empty());
        options.server_name = "named.example";
        const auto made = get(port.address(), options);
        if (acts) {
            options.session = made.session();
            REQUIRE(wait_stored(redis, options.session));
            CHECK(get(port.address(), options).reused);
        }
    }
    CHECK((redis.client().dbsize() > 0) == acts);
}

TEST_CASE("only workers connect to the store") {
    const RedisServer redis;
    const TempDir dir;
    NodeConfig config;
    config.nginx.workers = 2;
    config.http =
        "proxy_cache_path \"" + dir.path().string() + "\" keys_zone=cache:1m;";
    Node node(directive(redis), config);
    REQUIRE(node.connected());
    // It takes this name when it is ready to run.
    REQUIRE(eventually([&] {
        return node.nginx().children("nginx: cache manager process").size() ==
               1;
    }));
    CHECK(connected_clients(redis) == 2);
}

TEST_CASE("a reload turns it off, on, and to another store") {
    const RedisServer first, second;
    NodeConfig config;
    Node node(config);
    const auto session = node.get(tls12()).session();
    CHECK(SSL_SESSION_has_ticket(session.get()) == 1);
    std::size_t starts = 0;
    for (const auto* redis : {&first, &second, &first}) {
        config.http = directive(*redis);
        node.reload(config);
        REQUIRE(node.connected(++starts));
        const auto stored = node.get(tls12()).session();
        REQUIRE(wait_stored(*redis, stored));
        CHECK(node.get(tls12(stored)).reused);
        REQUIRE(wait_clients(redis == &first ? second : first, 0));
    }
    config.http = "remote_ssl_session_cache off;";
    node.reload(config);
    REQUIRE(wait_clients(first, 0));
    CHECK(SSL_SESSION_has_ticket(node.get(tls12()).session().get()) == 1);
    CHECK(resumes(node, tls13()));
}
