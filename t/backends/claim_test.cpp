// claim(): who was first, and how far the store's answer can be trusted.

#include "support/both_stores.hpp"
#include "support/fake_memcached.hpp"
#include "support/fake_redis.hpp"
#include "support/sentinel_server.hpp"

#include <doctest/doctest.h>

using backends::Addition;
using backends::Claimed;
using namespace support;
using namespace std::chrono_literals;

namespace {

backends::Options surveyed(const std::chrono::milliseconds* ahead = nullptr) {
    auto options = store_options();
    options.surveyed = true;
    options.interval = 1h;
    if (ahead != nullptr) {
        options.wall = [ahead] {
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch()) +
                   *ahead;
        };
    }
    return options;
}

Claimed claim(TestStore& s, const std::string& key) {
    return s.claim(key);
}

// Whether the store is known to have forgotten nothing for the last minute.
bool is_firm(TestStore& s, const Claimed& claimed) {
    return claimed.footing.since &&
           s.loop.now() - *claimed.footing.since >= 60s;
}

template <class Server>
struct One {
    Server server;
    std::chrono::milliseconds ahead{};
    std::unique_ptr<TestStore> s;

    One() : s(store_of(server, surveyed(&ahead))) { settle(1); }

    // Waits until it has connected `times` times, and then for a minute more.
    void settle(std::size_t times) {
        REQUIRE(s->connects(times));
        REQUIRE(s->loop.run_until(
            [&] { return claim(*s, "settle").footing.since.has_value(); }));
        skip(60s);
    }

    // The wall clock advances along with the loop's clock.
    void skip(coro::Time time) {
        s->loop.skip(time);
        ahead += time;
    }
};

// A proxy in front of memcached that does not pass on stats.
struct ProxyProtocol : MemcachedProtocol {
    static constexpr Answer survey[] = {
        {"stats\r\n", "SERVER_ERROR unsupported\r\n"}};
};

}  // namespace

STORE_TEST_CASE("claim: the first is told so, whoever asks") {
    One<Server> x;
    auto other = store_of(x.server, surveyed());
    REQUIRE(other->connects());
    CHECK(claim(*x.s, "key").addition == Addition::added);
    CHECK(claim(*x.s, "key").addition == Addition::exists);
    CHECK(claim(*other, "key").addition == Addition::exists);
    CHECK(x.server.ttl("key") > 50);
    CHECK(x.server.ttl("key") <= 60);
    CHECK(x.s->logged("[error]") == 0);
}

STORE_TEST_CASE("claim: of many at once, one") {
    One<Server> x;
    std::vector<std::shared_ptr<TestStore::Claim>> claims;
    for (int i = 0; i < 50; ++i) {
        claims.push_back(x.s->begin_claim("key"));
        x.s->begin_fetch("other" + std::to_string(i));
    }
    std::size_t added = 0;
    for (const auto& one : claims) {
        CHECK(x.s->loop.run_until([&] { return one->done; }));
        added += one->result.addition == Addition::added;
        CHECK(is_firm(*x.s, one->result));
    }
    CHECK(added == 1);
}

STORE_TEST_CASE("claim: the ground is firm some time after connecting") {
    Server server;
    auto s = store_of(server, surveyed());
    REQUIRE(s->connects());
    const auto first = claim(*s, "a");
    CHECK(first.footing.since);
    CHECK_FALSE(is_firm(*s, first));
    s->loop.skip(60s);
    CHECK(is_firm(*s, claim(*s, "b")));
}

STORE_TEST_CASE("claim: a store that was away has to be waited for anew") {
    One<Server> x;
    CHECK(is_firm(*x.s, claim(*x.s, "a")));
    x.server.kill9();
    const auto lost = claim(*x.s, "b");
    CHECK(lost.addition == Addition::unknown);
    CHECK_FALSE(is_firm(*x.s, lost));
    x.server.start();
    x.s->loop.skip(1h);
    REQUIRE(x.s->connects(2));
    const auto back = claim(*x.s, "a");
    CHECK(back.addition == Addition::added);
    CHECK_FALSE(is_firm(*x.s, back));
    x.settle(2);
    CHECK(is_firm(*x.s, claim(*x.s, "c")));
}

STORE_TEST_CASE("claim: a frozen store answers nothing until the deadline") {
    One<Server> x;
    x.server.freeze();
    const auto claim = x.s->begin_claim("key", x.s->loop.now() + 100ms);
    x.s->loop.run_turns(3);
    CHECK_FALSE(claim->done);
    x.s->loop.skip(100ms);
    CHECK(x.s->loop.run_until([&] { return claim->done; }));
    CHECK(claim->result.addition == Addition::unknown);
    CHECK(claim->result.took.count() > 0);
    x.server.thaw();
    CHECK(::claim(*x.s, "other").addition == Addition::added);
}

STORE_TEST_CASE("claim: outside of a coroutine nothing is known") {
    One<Server> x;
    CHECK(x.s->store().claim("key", 60s, coro::never).addition ==
          Addition::unknown);
}

TEST_CASE("claim: redis that throws a claim out, or others' values") {
    One<RedisServer> x;
    CHECK(claim(*x.s, "key").addition == Addition::added);
    auto client = x.server.client();
    client.command({"CONFIG", "SET", "maxmemory-policy", "volatile-ttl"});
    client.command({"CONFIG", "SET", "maxmemory", "1"});
    for (int i = 0; i < 3; ++i) {
        client.command({"GET", "x"});
        try {
            client.command({"SETEX", "more", "100", "x"});
        } catch (const std::runtime_error&) {
            continue; /* out of memory: all is gone that may go */
        }
    }
    REQUIRE_FALSE(x.server.exists("key"));
    client.command({"CONFIG", "SET", "maxmemory", "0"});
    const auto again = claim(*x.s, "key");
    CHECK(again.addition == Addition::added);
    CHECK_FALSE(is_firm(*x.s, again));
    x.skip(60s);
    CHECK(is_firm(*x.s, claim(*x.s, "later")));
}

TEST_CASE("claim: memcached that throws a claim out, or others' values") {
    MemcachedServer server({"-m", "2"});
    auto s = store_of(server, surveyed());
    REQUIRE(s->connects());
    CHECK(claim(*s, "key").addition == Addition::added);
    s->loop.skip(60s);
    CHECK(is_firm(*s, claim(*s, "key")));
    const std::string value(1000, 'x');
    for (int i = 0; i < 10'000; ++i) {
        s->store().store(std::to_string(i), value, 60s);
        if (i % 100 == 0) {
            s->fetch("x");
        }
    }
    const auto after = claim(*s, "another");
    CHECK_FALSE(is_firm(*s, after));
}

TEST_CASE("claim: memcached that is emptied") {
    One<MemcachedServer> x;
    CHECK(claim(*x.s, "key").addition == Addition::added);
    x.server.flush();
    CHECK_FALSE(is_firm(*x.s, claim(*x.s, "key")));
}

TEST_CASE("claim: redis without memory refuses what is new") {
    One<RedisServer> x;
    auto client = x.server.client();
    client.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    client.command({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(claim(*x.s, "key").addition == Addition::unknown);
    CHECK(x.s->logged("SET failed: OOM") == 1);
}

TEST_CASE("claim: who does not tell the time and the evictions is named") {
    FakeServer<ProxyProtocol> fake(true);
    CHECK(fake.store->logs("stats failed: SERVER_ERROR unsupported"));
}

TEST_CASE("claim: figures count only with the evictions, each time") {
    FakeMemcached fake(true);
    auto& s = *fake.store;
    CHECK(s.logged("stats failed") == 0);
    const auto before = fake.peer.received().size();
    s.loop.skip(backends::Ground::period);
    REQUIRE(s.loop.run_until([&] {
        return fake.peer.received().find("stats\r\n", before) !=
               std::string::npos;
    }));
    fake.peer.send("STAT pid 1\r\nSTAT time 1700000060\r\nEND\r\n");
    CHECK(s.logs("stats failed: unexpected reply"));
}

TEST_CASE("claim: a master that is told to follow another one") {
    One<RedisServer> x;
    RedisServer other;
    auto client = x.server.client();
    client.command(
        {"REPLICAOF", "127.0.0.1", std::to_string(other.address().port)});
    CHECK(claim(*x.s, "key").addition == Addition::unknown);
    client.command({"REPLICAOF", "NO", "ONE"});
    const auto back = claim(*x.s, "key");
    CHECK(back.addition == Addition::added);
    CHECK_FALSE(is_firm(*x.s, back));
}

TEST_CASE("claim: the slots of a cluster, which move") {
    const RedisCluster cluster;
    TestStore s(cluster_seeds(cluster), surveyed());
    REQUIRE(s.connects(4));
    const auto key = cluster.key_of(0, "early");
    REQUIRE(s.loop.run_until(
        [&] { return claim(s, key).footing.since.has_value(); }));
    s.loop.skip(60s);
    CHECK(claim(s, key).addition == Addition::exists);
    CHECK(is_firm(s, claim(s, key)));

    const auto slot = cluster.slot_of(key);
    cluster.begin_move(slot, 1);
    s.store().erase(key);
    const auto moving = claim(s, key);
    CHECK((moving.addition != Addition::added || !is_firm(s, moving)));
    cluster.end_move(slot, 1);
    const auto moved = claim(s, key);
    CHECK((moved.addition != Addition::added || !is_firm(s, moved)));
    const auto known = claim(s, key);
    CHECK_FALSE(is_firm(s, known));
    CHECK(s.logged("[error]") == 0);
}

STORE_TEST_CASE("clock: compared at connecting, and now and then") {
    One<Server> x;
    x.s->fetch("x");
    const auto skew = claim(*x.s, "a").footing.skew;
    REQUIRE(skew);
    CHECK(std::chrono::abs(skew->ahead) <= 1500ms);
    CHECK(skew->is_tolerable());
    x.skip(5min);  // 6 minutes by now
    x.s->loop.run_turns(5);
    CHECK(x.s->loop.run_until([&] {
        x.skip(1s);
        return claim(*x.s, "b").footing.skew.has_value();
    }));
    x.skip(14min);
    x.s->loop.run_turns(5);
    CHECK(x.s->loop.run_until(
        [&] { return claim(*x.s, "c").footing.skew.has_value(); }));
}

STORE_TEST_CASE("clock: one that is off is told once, and when it is well") {
    Server server;
    std::chrono::milliseconds ahead = -25s;
    auto options = surveyed(&ahead);
    backends::Meter meter;
    options.meter = &meter;
    auto s = store_of(server, options);
    REQUIRE(s->logs("the clock here is"));
    CHECK(s->logged("ms behind the store's, more than 10 s") == 1);
    const auto skew = claim(*s, "a").footing.skew;
    REQUIRE(skew);
    CHECK_FALSE(skew->is_tolerable());
    const auto next = [&] {
        s->loop.skip(5min);
        s->loop.run_turns(3);
        s->fetch("x");
        claim(*s, "b");
    };
    next();
    CHECK(s->logged("the clock here is") == 1);
    ahead += 25s;
    next();
    CHECK(s->logs("the clock here is within 10 s of the store's again"));
    ahead += 25s;
    next();
    CHECK(s->logs("ms ahead of the store's, more than 10 s"));
}

STORE_TEST_CASE("clock: nobody is asked who need not tell") {
    Server server;
    auto s = store_of(server);
    REQUIRE(s->connects());
    s->fetch("x");
    CHECK_FALSE(claim(*s, "a").footing.skew);
}

TEST_CASE("clock: redis that does not allow TIME is used all the same") {
    const RedisServer redis(
        {"--user", "default", "on", "nopass", "~*", "+@all", "-time"});
    auto s = store_of(redis, surveyed());
    REQUIRE(s->logs("TIME failed: NOPERM"));
    const auto result = claim(*s, "a");
    CHECK(result.addition == Addition::added);
    CHECK(result.footing.since);
    CHECK_FALSE(result.footing.skew);
    s->put("key", "value");
    CHECK(s->fetch("key").value == "value");
    CHECK(s->logged("connected") == 1);
    s->loop.skip(10min);
    s->fetch("x");
    CHECK(s->logged("TIME failed") == 1);
}

TEST_CASE("claim: redis that does not allow INFO is not believed") {
    const RedisServer redis(
        {"--user", "default", "on", "nopass", "~*", "+@all", "-info"});
    auto s = store_of(redis, surveyed());
    REQUIRE(s->logs("INFO failed: NOPERM"));
    const auto result = claim(*s, "a");
    CHECK(result.addition == Addition::added);
    CHECK_FALSE(result.footing.since);
    CHECK(result.footing.skew);
    CHECK(s->logged("INFO failed") == 1);
}
