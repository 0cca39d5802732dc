// Ways to listen and to run the event loop, with the module active.

#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Sessions go from node to node, and suspended handshakes hold nobody up.
void check_works(const NodeConfig& config) {
    RedisServer redis;
    Fleet fleet(redis, config);
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = fleet.make(options);
        for (int i = 0; i < 5; ++i) {
            const auto visit = fleet.b.get(options);
            CHECK(visit.reused);
            CHECK_FALSE(visit.body().empty());
        }

        fleet.store.freeze();
        std::vector<TlsClient> clients;
        for (int i = 0; i < 20; ++i) {
            clients.emplace_back(fleet.b.address(), options);
            CHECK_FALSE(clients.back().step());
        }
        auto fresh = options;
        fresh.session = nullptr;
        CHECK_FALSE(fleet.b.get(fresh).body().empty());
        CHECK(handshake_all(clients, Milliseconds{0}) == 0);
        fleet.store.thaw();
        CHECK(handshake_all(clients) == clients.size());
        for (auto& client : clients) {
            CHECK(client.reused());
            CHECK_FALSE(exchange(client).body().empty());
        }
        clients.clear();
        CHECK(fleet.b.idle());
    }
}

}  // namespace

TEST_CASE("listen ... reuseport") {
    NodeConfig config;
    config.nginx.workers = 2;
    config.listen = "reuseport";
    check_works(config);
}

TEST_CASE("listen ... deferred") {
    NodeConfig config;
    config.listen = "deferred";
    check_works(config);
}

TEST_CASE("listen on IPv6" * doctest::skip(!has_ipv6())) {
    NodeConfig config;
    config.host = "::1";
    check_works(config);
}

TEST_CASE("accept_mutex on") {
    NodeConfig config;
    config.nginx.workers = 2;
    // A worker that has lost the race for the mutex tries again after this.
    config.nginx.events = "accept_mutex on; accept_mutex_delay 10ms;";
    check_works(config);
}

TEST_CASE("multi_accept on") {
    NodeConfig config;
    config.nginx.events = "multi_accept on;";
    check_works(config);
}

TEST_CASE("multi_accept on, accept_mutex on, deferred") {
    NodeConfig config;
    config.listen = "deferred";
    config.nginx.workers = 2;
    config.nginx.events =
        "multi_accept on; accept_mutex on; accept_mutex_delay 10ms;";
    check_works(config);
}

TEST_CASE("master_process off") {
    NodeConfig config;
    config.nginx.master_process = false;
    check_works(config);
}

TEST_CASE("more workers than cores") {
    NodeConfig config;
    config.nginx.workers = 4;
    check_works(config);
}

TEST_CASE("the debug log") {
    NodeConfig config;
    config.nginx.log_level = "debug";
    check_works(config);
}

TEST_CASE("the event methods that this nginx was built with") {
    for (const auto* method : {"epoll", "poll", "select"}) {
        CAPTURE(std::string(method));
        NodeConfig config;
        config.nginx.events = std::string("use ") + method + ";";
        const auto tested = NginxPrefix(config.nginx).test();
        if (tested.status == 0) {
            check_works(config);
        } else {
            CHECK(tested.output.find("invalid event type") !=
                  std::string::npos);
            MESSAGE("not tried: ", std::string(method));
        }
    }
}
