// Nodes whose store is whatever Redis the Sentinels name.

#include "support/node.hpp"
#include "support/sentinel_server.hpp"
#include "support/tls_redis.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace support;

namespace {

NodeConfig two_workers() {
    NodeConfig config;
    config.nginx.workers = 2;
    return config;
}

// Two nodes, and checks of what they resume.
struct Nodes {
    explicit Nodes(const std::string& parameters)
        : a("remote_ssl_session_cache " + parameters + ";", two_workers()),
          b("remote_ssl_session_cache " + parameters + ";", two_workers()) {
        REQUIRE(a.connected());
        REQUIRE(b.connected());
        REQUIRE(resume());
    }

    bool resume() const { return eventually_resumes(a, b); }

    // Sessions resume soon after the Sentinels have acted.
    void check_soon() const {
        const auto begin = Clock::now();
        CHECK(resume());
        const auto took = Clock::now() - begin;
        CHECK(took < soon);
    }

    // Handshakes may be full, but none fails.
    void check_serves() const {
        for (const auto& options : {tls12(), tls13()}) {
            for (const auto* node : {&a, &b}) {
                CHECK(node->get(options).response.starts_with("HTTP/1.1 200"));
            }
        }
    }

    Node a;
    Node b;
};

// A server that becomes a replica drops its clients, including this one.
bool is_replica(const RedisServer& server) {
    try {
        return server.client().info("replication", "role") == "slave";
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace

TEST_CASE("the master that Sentinels name is followed") {
    Watched x;
    Nodes nodes(x.parameters());

    SUBCASE("by command") {
        x.fail_over();
    }
    SUBCASE("after a kill -9") {
        x.a().kill9();
        nodes.check_serves();
        REQUIRE(x.names(x.b()));
    }
    SUBCASE("when it is frozen, and back as a replica") {
        x.a().freeze();
        nodes.check_serves();
        REQUIRE(x.names(x.b()));
    }
    SUBCASE("with a dead Sentinel") {
        x.sentinel(1).kill9();
        x.a().kill9();
        REQUIRE(x.names(x.b(), {0, 2}));
    }

    nodes.check_soon();
    CHECK_FALSE(x.b().keys().empty());
    x.a().thaw_or_start();
    CHECK(eventually([&] { return is_replica(x.a()); }));
    CHECK(nodes.resume());
}

TEST_CASE("sessions from before a failover are resumed after it") {
    Watched x;
    Nodes nodes(x.parameters());
    auto options = tls12();
    options.session = nodes.a.get(options).session();
    REQUIRE(wait_stored(x.b(), options.session));  // it is replicated
    x.fail_over();
    CHECK(eventually([&] { return nodes.b.get(options).reused; }));
}

TEST_CASE("a demoted primary that stays alive is left") {
    // its connections stay, because it is not the Sentinels that demote it
    Watched x(1);
    Nodes nodes(x.parameters());
    x.swap();
    nodes.check_soon();
    CHECK(nodes.a.nginx().wait_log("left for " + x.b().address().text()));
    CHECK(nodes.a.nginx().log_count("connection lost") == 0);
}

TEST_CASE("when all Sentinels are dead the known master is kept") {
    Watched x;
    Nodes nodes(x.parameters());
    for (std::size_t i = 0; i < x.count(); ++i) {
        x.sentinel(i).kill9();
    }
    x.a().client().command(
        {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    CHECK(nodes.resume());
    CHECK(nodes.a.nginx().wait_log("resolving failed: mymaster: Sentinel "));
}

TEST_CASE("a reload while a Sentinel does not answer holds up nobody") {
    Watched x(1);
    Nodes nodes(x.parameters());
    x.sentinel().freeze();
    x.a().kill9();
    const auto old = nodes.a.nginx().workers();
    nodes.a.nginx().reload();
    CHECK(eventually([&] { return nodes.a.nginx().workers() != old; }));
    CHECK(nodes.a.nginx().settled());
    nodes.check_serves();
    x.sentinel().thaw();
}

TEST_CASE("Sentinels and their master over TLS, with passwords") {
    const auto& pair = certificates().store;
    const auto ca = certificates().client_ca.certificate.string();
    const ReservedPort tls;
    TlsRedis redis(pair, {"--requirepass", "store"}, {"store"});
    SentinelServer sentinel(
        redis.tls_address(), 1,
        {"tls-port " + std::to_string(tls.number()), "tls-replication yes",
         "tls-auth-clients no", "tls-cert-file " + pair.certificate.string(),
         "tls-key-file " + pair.key.string(), "tls-ca-cert-file " + ca,
         "requirepass watch", "sentinel auth-pass mymaster store"},
        {"watch"});

    TempDir dir;
    write_file(dir.path() / "password", "watch\n");
    const auto line = "sentinel=mymaster addr=" + tls.address().text() +
                      " auth=store tls=on \"tls_ca=" + ca + "\"";
    Nodes nodes(line + " \"sentinel_auth=file:" +
                (dir.path() / "password").string() + "\"");
    CHECK_FALSE(redis.keys().empty());
    CHECK(nodes.a.nginx().log().find("watch") == std::string::npos);

    const Node stranger(
        "remote_ssl_session_cache " + line + " sentinel_auth=hunter2;", {});
    CHECK(stranger.nginx().wait_log("AUTH failed: WRONGPASS"));
    CHECK(stranger.nginx().log().find("hunter2") == std::string::npos);
}

TEST_CASE("of several Sentinels a name that is gone is done without") {
    const auto name = "addr=" + std::string(64, 'x');
    const auto test = [&](const std::string& parameters) {
        const ReservedPort port;
        NginxConfig config;
        config.http = "remote_ssl_session_cache sentinel=m " + parameters +
                      ";\n" + server_block({}, port.address());
        return NginxPrefix(config).test();
    };
    const auto one = test(name + " addr=127.0.0.1");
    CAPTURE(one.output);
    CHECK(one.status == 0);
    CHECK(one.output.find("[warn]") != std::string::npos);
    CHECK(one.output.find("host not found in parameter \"" + name + '"') !=
          std::string::npos);
    CHECK(test(name + " " + name).status != 0);
}
