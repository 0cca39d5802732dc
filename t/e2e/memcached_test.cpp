// What only memcached has: several servers that share the keys, two ways to ask
// for a password, and its own TLS.

#include "support/node.hpp"
#include "support/tls_memcached.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace support;

namespace {

using Listen = MemcachedServer::Listen;

constexpr std::size_t total = 120;

bool holds(const MemcachedServer& server, const Session& session) {
    return server.exists("ngx_ssl:" + session_id(session));
}

TlsOptions resuming(const Session& session) {
    return SSL_SESSION_get_protocol_version(session.get()) == TLS1_2_VERSION
               ? tls12(session)
               : tls13(session);
}

// Two nodes that name the same three servers in different orders.
struct ThreeServers {
    explicit ThreeServers(const std::string& parameters)
        : a(line({0, 1, 2}, parameters), {}),
          b(line({2, 0, 1}, parameters), {}) {
        REQUIRE(a.connected(3));
        REQUIRE(b.connected(3));
    }

    std::string line(const std::vector<int>& order,
                     const std::string& parameters) const {
        std::string result = "remote_ssl_session_cache type=memcached";
        for (const int i : order) {
            result += " \"addr=" + servers[i].text() + "\"";
        }
        return result + " " + parameters + ";";
    }

    // Stored sessions, half of them TLS 1.2 and half TLS 1.3.
    std::vector<Session> make_sessions() const {
        std::vector<Session> made;
        while (made.size() < total) {
            made.push_back(a.get(tls12()).session());
            made.push_back(a.get(tls13()).session());
        }
        for (const auto& session : made) {
            REQUIRE(eventually([&] {
                return std::ranges::any_of(servers, [&](const auto& server) {
                    return holds(server, session);
                });
            }));
        }
        return made;
    }

    MemcachedServer servers[3] = {MemcachedServer({}, Listen::at_port),
                                  MemcachedServer({}, Listen::at_port),
                                  MemcachedServer({}, Listen::at_path)};
    Node a;
    Node b;
};

// Takes out of `sessions` those that `server` has: about a third.
std::vector<Session> take_share(std::vector<Session>& sessions,
                                const MemcachedServer& server) {
    const auto own = std::stable_partition(
        sessions.begin(), sessions.end(),
        [&](const auto& session) { return !holds(server, session); });
    std::vector<Session> share(own, sessions.end());
    sessions.erase(own, sessions.end());
    CHECK(share.size() > total / 8);
    CHECK(share.size() < total * 6 / 10);
    return share;
}

std::size_t count_resumed(const Node& node,
                          const std::vector<Session>& sessions) {
    return static_cast<std::size_t>(
        std::ranges::count_if(sessions, [&](const auto& session) {
            return node.get(resuming(session)).reused;
        }));
}

}  // namespace

TEST_CASE("three servers, named in any order, are one store") {
    ThreeServers three("timeout=60s");
    auto sessions = three.make_sessions();
    CHECK(count_resumed(three.b, sessions) == total);
    CHECK(count_resumed(three.a, sessions) == total);
    // Each session is at one server only.
    for (const auto& server : three.servers) {
        take_share(sessions, server);
    }
    CHECK(sessions.empty());
}

TEST_CASE("of three servers one dies and comes back") {
    // A node that waited for the dead one would wait longer than the test does.
    ThreeServers three("interval=20 timeout=60s");
    auto alive = three.make_sessions();
    const auto lost = take_share(alive, three.servers[1]);

    three.servers[1].kill9();
    REQUIRE(three.a.nginx().wait_log("connection lost"));
    REQUIRE(three.b.nginx().wait_log("connection lost"));
    CHECK(count_resumed(three.b, alive) == alive.size());
    CHECK(count_resumed(three.b, lost) == 0);
    CHECK(three.b.nginx().log_count("connection lost") == 1);

    three.servers[1].start();
    REQUIRE(three.a.connected(4));
    REQUIRE(three.b.connected(4));
    CHECK(count_resumed(three.b, three.make_sessions()) == total);
}

TEST_CASE("of three servers one freezes") {
    ThreeServers three("interval=20 timeout=500ms");
    auto alive = three.make_sessions();
    const auto frozen = take_share(alive, three.servers[0]);

    three.servers[0].freeze();
    CHECK(count_resumed(three.b, alive) == alive.size());
    CHECK(count_resumed(three.b, frozen) == 0);
    CHECK(three.b.nginx().log_count("connection lost: ") == 1);
    REQUIRE(eventually([&] {  // the other node is idle, and its PING finds out
        return three.a.nginx().log_count("connection lost: ") == 1;
    }));

    three.servers[0].thaw();
    REQUIRE(three.a.connected(4));
    REQUIRE(three.b.connected(4));
    CHECK(count_resumed(three.b, frozen) == frozen.size());
}

TEST_CASE("a memcached that wants a password") {
    using Auth = MemcachedServer::Auth;
    for (const auto auth : {Auth::sasl, Auth::text}) {
        CAPTURE(static_cast<int>(auth));
        MemcachedServer store(Listen::at_port, auth, "alice", "correct-horse");
        const std::string parameters = "auth=alice:correct-horse timeout=60s";
        Node a(directive(store, parameters), {});
        Node b(directive(store, parameters), {});
        REQUIRE(a.connected());
        REQUIRE(b.connected());
        for (auto options : {tls12(), tls13()}) {
            CAPTURE(options.max_version);
            options.session = a.get(options).session();
            // Nobody but the nodes can look into the store.
            CHECK(eventually([&] { return b.get(options).reused; }));
        }
    }
}

TEST_CASE("a session resumes through memcached over TLS") {
    TlsMemcached memcached;
    Fleet fleet(memcached);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        const auto session = fleet.a.get(options).session();
        REQUIRE(wait_stored(memcached, session));
        options.session = session;
        CHECK(fleet.b.get(options).reused);
    }
    CHECK(fleet.b.nginx().log_count("[error]") == 0);
}

TEST_CASE("a wrong password for memcached is told once and harms no client") {
    MemcachedServer store(Listen::at_port, MemcachedServer::Auth::sasl, "alice",
                          "correct-horse");
    Node node(
        directive(store, "auth=alice:wrong-horse interval=20 timeout=60s"), {});
    CHECK(node.nginx().wait_log("auth failed: "));
    for (auto options : {tls12(), tls13()}) {
        for (int i = 0; i < 10; ++i) {
            options.session = node.get(options).session();
            CHECK_FALSE(node.get(options).reused);
        }
    }
    CHECK(node.nginx().log_count("auth failed: ") == 1);
    CHECK(node.nginx().log_count("horse") == 0);
}
