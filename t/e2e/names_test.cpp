// A store that is given by name, where nginx has a resolver.

#include "support/dns_server.hpp"
#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

// Two nodes whose store is at localhost. The system resolves the name when they
// start, and later the test's name server does.
class Named {
  public:
    Named() : a_(config(), {}), b_(config(), {}) {
        REQUIRE(eventually_resumes(a_, b_));
    }

    // Options of a Redis at the first one's port, but at another address.
    Arguments elsewhere() const {
        return {"--bind", "127.0.0.2", "--port", port()};
    }

    void check_full() const {
        for (const auto& options : {tls12(), tls13()}) {
            CHECK_FALSE(b_.get(options).reused);
        }
    }
    bool resumes() const { return eventually_resumes(a_, b_); }

    RedisServer& redis() { return redis_; }
    DnsServer& dns() { return dns_; }
    Node& node() { return a_; }

  private:
    std::string port() const { return std::to_string(redis_.address().port); }

    std::string config() const {
        return "resolver " + dns_.text() +
               " ipv6=off;"
               "remote_ssl_session_cache addr=localhost port=" +
               port() + " interval=20 timeout=500ms;";
    }

    RedisServer redis_;
    DnsServer dns_{"localhost"};
    Node a_;
    Node b_;
};

}  // namespace

TEST_CASE("a name that moves is followed" * doctest::skip(!has_localhost())) {
    Named x;
    const RedisServer moved(x.elsewhere());
    x.redis().kill9();
    x.check_full();
    x.dns().point_to("127.0.0.2");
    CHECK(x.resumes());
    CHECK(x.node().nginx().log_count("redis 127.0.0.2:") >= 1);
    CHECK_FALSE(moved.keys().empty());
}

TEST_CASE("a name that is gone leaves the addresses that were known" *
          doctest::skip(!has_localhost())) {
    Named x;
    x.redis().kill9();
    CHECK(x.node().nginx().wait_log("resolving failed: localhost: "));
    x.check_full();
    x.redis().start();
    CHECK(x.resumes());
    CHECK(x.node().nginx().log_count("resolving failed: localhost: Host not "
                                     "found") == 1);
}

TEST_CASE("a name server that does not answer keeps nobody waiting" *
          doctest::skip(!has_localhost())) {
    Named x;
    x.dns().freeze();
    x.redis().kill9();
    for (int i = 0; i < 10; ++i) {
        x.check_full();
    }
    CHECK(x.node().nginx().wait_log("resolving failed: localhost: Operation "
                                    "timed out"));
    x.redis().start();
    CHECK(x.resumes());
    x.dns().thaw();
}

TEST_CASE("an old worker does not wait for a name server" *
          doctest::skip(!has_localhost())) {
    Named x;
    x.dns().freeze();
    x.redis().kill9();
    const auto old = x.node().nginx().workers();
    x.node().nginx().reload();
    CHECK(eventually([&] { return x.node().nginx().workers() != old; }));
    x.check_full();
}

TEST_CASE("a primary that is demoted is left when its name has moved" *
          doctest::skip(!has_localhost())) {
    Named x;
    const RedisServer moved(x.elsewhere());
    x.redis().client().command(
        {"REPLICAOF", "127.0.0.2", std::to_string(x.redis().address().port)});
    x.dns().point_to("127.0.0.2");
    CHECK(eventually([&] {  // what is stored until then is lost
        return x.resumes() && !moved.keys().empty();
    }));
    CHECK(x.node().nginx().wait_log("SETEX failed: READONLY"));
    CHECK(x.node().nginx().wait_log("left for 127.0.0.2:"));
}

TEST_CASE("a name that nobody knows when nginx starts is looked up later") {
    DnsServer dns("redis.test");
    RedisServer redis;
    const auto line = "resolver " + dns.text() +
                      " ipv6=off valid=1s;"
                      "remote_ssl_session_cache addr=redis.test port=" +
                      std::to_string(redis.address().port) +
                      " interval=20 timeout=500ms;";
    Node a(line, {});
    Node b(line, {});
    CHECK(a.nginx().wait_log("redis redis.test: resolving failed: redis.test: "
                             "Host not found"));
    CHECK_FALSE(b.get(tls12()).reused);
    dns.point_to("127.0.0.1");
    CHECK(eventually_resumes(a, b));
}
