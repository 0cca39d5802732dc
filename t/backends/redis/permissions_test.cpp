// The fewest permissions that a user needs, as docs/stores.md lists them.

#include "support/sentinel_server.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>

using backends::Addition;
using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr auto password = "correct-horse";

// Creates the documentation's user nginx, with `more` at the end of its rules.
void allow(RedisClient client, const Arguments& rules,
           const Arguments& more = {}) {
    Arguments command{"ACL", "SETUSER", "nginx", "on",
                      std::string(">") + password};
    command.insert(command.end(), rules.begin(), rules.end());
    command.insert(command.end(), more.begin(), more.end());
    client.command(command);
}

void allow_store(const RedisServer& server, const Arguments& more = {}) {
    allow(server.client(),
          {"~ngx_ssl:*", "+get", "+set", "+setex", "+del", "+ping", "+hello"},
          more);
}

backends::Options as_nginx(backends::Options options) {
    options.user = "nginx";
    options.password = password;
    return options;
}

// All that a worker does.
void check_all(TestStore& s) {
    const std::string prefix = "ngx_ssl:";
    for (int i = 0; i < 20; ++i) {
        const auto key = prefix + std::to_string(i);
        CHECK(s.fetch(key).status == Status::miss);
        CHECK(s.store().store(key, "value", 60s) == Status::queued);
        CHECK(s.fetch(key).value == "value");
        CHECK(s.add(key + "add") == Addition::added);
        CHECK(s.store().erase(key) == Status::queued);
        CHECK(s.fetch(key).status == Status::miss);
    }
    s.loop.skip(1min);
    s.loop.run_turns(20);
    CHECK(s.fetch(prefix + "last").status == Status::miss);
    CHECK(s.logged("[error]") == 0);
    CHECK(s.logged("NOPERM") == 0);
}

}  // namespace

TEST_CASE("redis permissions: one Redis, and a database") {
    const RedisServer redis;
    allow_store(redis, {"+select"});
    auto options = as_nginx(store_options(redis));
    options.db = 3;
    TestStore s(options);
    REQUIRE(s.connects());
    check_all(s);
}

TEST_CASE("redis permissions: claims of early data") {
    const RedisServer redis;
    allow_store(redis, {"+time", "+info"});
    auto options = as_nginx(store_options(redis));
    options.surveyed = true;
    TestStore s(options);
    REQUIRE(s.connects());
    const auto claimed = s.claim("ngx_ssl:early:x");
    CHECK(claimed.addition == Addition::added);
    CHECK(claimed.footing.since);
    CHECK(claimed.footing.skew);
    check_all(s);
}

TEST_CASE("redis permissions: a cluster") {
    const RedisCluster cluster;
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        allow_store(cluster[i], {"+asking", "+cluster|slots"});
    }
    TestStore s(cluster_seeds(cluster), as_nginx(store_options()));
    REQUIRE(s.connects(4));
    const auto key = cluster.key_of(0, "ngx_ssl:moving");
    cluster.begin_move(cluster.slot_of(key), 1);
    CHECK(s.fetch(key).status == Status::miss);
    check_all(s);
}

TEST_CASE("redis permissions: Sentinels and their master") {
    Watched watched;
    allow_store(watched.a(), {"+role"});
    backends::Watch watch{
        .master = Watched::name, .user = "nginx", .password = password};
    for (std::size_t i = 0; i < watched.count(); ++i) {
        allow(watched.sentinel(i).client(),
              {"+sentinel|get-master-addr-by-name", "+sentinel|sentinels"});
        watch.sentinels.push_back(
            store_server(store_address(watched.sentinel(i).address())));
    }
    TestStore s(watch, as_nginx(store_options()));
    REQUIRE(s.connects());
    check_all(s);
}
