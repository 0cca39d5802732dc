// early_data=once: the fleet serves a recorded first flight only once, whatever
// happens to the store and whatever the clocks say. Preloaded clocks skip the
// time during which a node that has just connected refuses early data.

#include "support/clocks.hpp"
#include "support/early_data.hpp"
#include "support/key_files.hpp"
#include "support/sentinel_server.hpp"
#include "support/ticket_file.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>

using namespace support;

namespace {

constexpr long long window = 61;

const std::string once = "early_data=once timeout=60s";

// Nodes that have been connected for long enough to accept early data.
template <class Server>
struct Settled {
    Clocks clocks;
    Server store;
    EarlyNodes nodes;

    explicit Settled(const std::string& parameters = once,
                     const std::string& server = "", std::size_t count = 4)
        : nodes(store, parameters, server, count) {
        REQUIRE(nodes.surveyed());
        pass_window();
    }

    // What has no answer by then would time out.
    void pass_window() {
        REQUIRE(nodes.answered());
        clocks.skip(window);
    }
};

}  // namespace

CLOCKS_TEST_CASE("a recorded flight is served once, of stateful sessions") {
    Settled<Server> x;
    const auto flight = x.nodes.record();
    CHECK(x.nodes.replay(flight, 20) == 1);
    CHECK(x.nodes.count("ACCEPTED") == 1);
    CHECK(x.nodes.count("REPLAYED") == 19);
    CHECK(x.nodes.replay(flight, 4) == 0);
}

CLOCKS_TEST_CASE("a recorded flight is served once, of tickets") {
    const TicketFile key;
    Settled<Server> x(once + " tickets=keep", key.directive());
    const auto flight = x.nodes.record();
    CHECK(x.nodes.replay(flight, 20) == 1);
    CHECK(x.nodes.count("REPLAYED") == 19);
}

CLOCKS_TEST_CASE("a recorded flight is served once, of shared tickets") {
    const KeyFiles keys;
    Settled<Server> x(once + " tickets=shared " + keys.parameters("a"));
    const auto flight = x.nodes.record();
    CHECK(x.nodes.replay(flight, 20) == 1);
    CHECK(x.nodes.count("REPLAYED") == 19);
}

CLOCKS_TEST_CASE("without early_data=once a recorded flight is served often") {
    const TicketFile key;
    Server store;
    EarlyNodes nodes(store, "tickets=keep timeout=60s", key.directive());
    const auto flight = nodes.record();
    const auto attackers = nodes.send(flight, 20);
    CHECK(eventually([&] { return nodes.served(flight) == 20; }));
}

CLOCKS_TEST_CASE("clients with early data of their own are served at once") {
    Settled<Server> x(once, "", 2);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(x.nodes.visit(i % 2));
    }
    CHECK(x.nodes.count("ACCEPTED") == 4);
    CHECK(count_lines(x.nodes.log(), "ACCEPTED /flight-") == 4);
    CHECK(count_lines(x.nodes.log(), "- /") == 4); /* made the sessions */
}

CLOCKS_TEST_CASE("a node that has just connected refuses, and resumes") {
    Clocks clocks;
    Server store;
    EarlyNodes nodes(store, once, "", 2);
    REQUIRE(nodes.surveyed());
    CHECK_FALSE(nodes.visit(1));
    CHECK(nodes.count("UNKNOWN") == 1);
    REQUIRE(nodes.answered());
    clocks.skip(window);
    CHECK(nodes.visit(1));
}

CLOCKS_TEST_CASE("a store that restarts has forgotten whose turn it was") {
    const TicketFile key;
    Settled<Server> x(once + " tickets=keep interval=20", key.directive(), 2);
    const auto flight = x.nodes.record();
    CHECK(x.nodes.replay(flight, 4) == 1);
    x.store.kill9();
    x.store.start();
    CHECK(x.nodes[0].connected(2));
    CHECK(x.nodes[1].connected(2));
    CHECK(x.nodes.replay(flight, 4) == 0);
    x.pass_window();
    CHECK(x.nodes.visit(0));
    CHECK(x.nodes.visit(1));
}

CLOCKS_TEST_CASE("a frozen store: refused and resumed") {
    const TicketFile key;
    Settled<Server> x("early_data=once timeout=300ms interval=100 tickets=keep",
                      key.directive(), 2);
    x.store.freeze();
    CHECK_FALSE(x.nodes.visit(0)); /* it waits */
    CHECK_FALSE(x.nodes.visit(1));
    CHECK(x.nodes.count("UNKNOWN") == 2);
    x.store.thaw();
}

CLOCKS_TEST_CASE("a node whose clock is late refuses, and says so") {
    const TicketFile key;
    Settled<Server> x(once + " tickets=keep", key.directive(), 2);
    const auto line = "the clock here is";
    Clocks late; /* behind by what the others skipped */
    Node node(directive(x.store, once + " tickets=keep"),
              x.nodes.config(key.directive()));
    CHECK(node.nginx().wait_log(line));
    CHECK(x.nodes[0].nginx().log_count(line) == 0);
    const auto clock = [&] {
        return node.figures()["workers"][0]["servers"][0]["clock"];
    };
    CHECK(std::abs(clock()["ahead_ms"].template get<long long>() -
                   window * 1000) < 5'000);

    const auto flight = x.nodes.record();
    CHECK(x.nodes.replay(flight, 4) == 1);
    // The claim has expired, but by the late clock the session is brand-new.
    std::string claim;
    for (const auto& name : x.store.keys()) {
        claim = name.find("early:") != name.npos ? name : claim;
    }
    REQUIRE(x.store.exists(claim));
    x.pass_window();
    REQUIRE(eventually([&] { return !x.store.exists(claim); }));
    late.skip(window);
    Socket attacker(node.address());
    attacker.write(flight.bytes);
    CHECK(eventually(
        [&] { return node.figures()["early_data"]["UNKNOWN"] == 1; }));
    CHECK(x.nodes.served(flight) == 1);
}

// With the eviction policy that docs/operations.md recommends.
TEST_CASE("a flood of sessions throws claims out, and nothing is accepted" *
          doctest::skip(in_sanitizer())) {
    const TicketFile key;
    Settled<RedisServer> x(once + " tickets=keep", key.directive(), 2);
    auto client = x.store.client();
    client.config_set("maxmemory-policy", "volatile-ttl");
    CHECK(x.nodes.visit(0));
    const auto flight = x.nodes.record();
    CHECK(x.nodes.replay(flight, 4) == 1);

    client.config_set("maxmemory", client.info("memory", "used_memory"));
    const auto claims = [&] { return client.keys("ngx_ssl:early:*").size(); };
    for (int i = 0; claims() != 0; ++i) {
        REQUIRE(i < 10'000);
        client.try_command({"SETEX", "ngx_ssl:" + std::to_string(i), "300",
                            std::string(200, 'x')});
    }
    client.config_set("maxmemory", "0");
    CHECK(x.nodes.replay(flight, 4) == 0);
    CHECK(x.nodes.count("REPLAYED") == 3 + 3);
    CHECK_FALSE(x.nodes.visit(0));
    x.pass_window();
    CHECK(x.nodes.visit(0));
}

CLOCKS_TEST_CASE("a node that forgets its clock, or has it set") {
    Settled<Server> x(once, "", 1);
    CHECK(x.nodes.visit(0));
    x.clocks.set_ahead(window + 20);
    CHECK_FALSE(x.nodes.visit(0));
    x.clocks.set_ahead(window);
    CHECK(x.nodes.visit(0));
}

CLOCKS_TEST_CASE("early data of sessions in nginx's own cache, two workers") {
    Clocks clocks;
    Server store;
    NodeConfig config;
    config.nginx.workers = 2;
    config.server = "ssl_early_data on; ssl_session_cache shared:S:1m;";
    Node node(directive(store, once), config);
    REQUIRE(node.connected());
    // Each worker is settled when it has been asked.
    const auto visit = [&] {
        auto options = tls13(node.get(tls13()).session());
        options.early_data = "GET / HTTP/1.0\r\n\r\n";
        TlsClient client(node.address(), options);
        client.handshake();
        CHECK(client.reused());
        return client.early_data_accepted();
    };
    CHECK_FALSE(visit());
    REQUIRE(eventually([&] {
        const auto workers = node.figures()["workers"];
        return std::all_of(workers.begin(), workers.end(), [](const auto& w) {
            return !w["servers"][0]["clock"].is_null();
        });
    }));
    REQUIRE(node.answered());
    clocks.skip(window);
    for (int i = 0; i < 8; ++i) {
        CHECK(visit());
    }
}

// Without preloaded clocks, to see how long it really takes.
TEST_CASE("once in real time, and not after a failover or a restart") {
    const TicketFile key;
    const auto parameters = once + " tickets=keep interval=20";
    RedisServer redis;
    MemcachedServer memcached;
    Watched watched;
    EarlyNodes fleets[] = {{redis, parameters, key.directive(), 2},
                           {memcached, parameters, key.directive(), 2},
                           {"remote_ssl_session_cache " + watched.parameters() +
                                " " + parameters + ";",
                            key.directive(), 2}};
    const std::function<void()> disturb[] = {[&] {
                                                 redis.kill9();
                                                 redis.start();
                                             },
                                             [&] {
                                                 memcached.kill9();
                                                 memcached.start();
                                             },
                                             [&] { watched.fail_over(); }};
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < std::size(fleets); ++i) {
        const EarlyNodes& nodes = fleets[i];
        for (std::size_t node = 0; node < nodes.size(); ++node) {
            CHECK(eventually([&] { return nodes.visit(node); },
                             std::chrono::seconds(90)));
        }
        CHECK(Clock::now() - begin > std::chrono::seconds(50));

        const auto flight = nodes.record();
        CHECK(nodes.replay(flight, 20) == 1);
        disturb[i]();
        CHECK(fleets[i][0].connected(2));
        CHECK(fleets[i][1].connected(2));
        // A failover may take longer than the 9 s for which a flight is valid.
        const auto attackers = nodes.send(flight, 4);
        CHECK_FALSE(nodes.visit(0));
        CHECK_FALSE(nodes.visit(1));
        CHECK(nodes.served(flight) == 1);
    }
}
