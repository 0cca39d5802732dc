// The memcached store against a real server: values, times to live, erasing.

#include "backends/memcached/server.hpp"
#include "support/test_store.hpp"

#include <doctest/doctest.h>
#include <string>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct One {
    MemcachedServer memcached;
    TestStore s{{store_server(memcached)}};

    One() { REQUIRE(s.connects()); }
};

std::string all_bytes() {
    std::string result;
    for (int byte = 0; byte < 256; ++byte) {
        result += static_cast<char>(byte);
    }
    return result;
}

}  // namespace

TEST_CASE("memcached: what is stored is fetched") {
    One x;
    for (const std::string& value :
         {""s, "value"s, "\0"s, "a\0b\0"s, "\r\nEND\r\n"s, all_bytes(),
          std::string(64 * 1024, '\xff')}) {
        CAPTURE(value.size());
        x.s.put("key", value);
        const auto fetched = x.s.fetch("key");
        CHECK(fetched.status == Status::hit);
        CHECK(fetched.value == value);
        CHECK(x.memcached.client().get("key") == value);
    }
    CHECK(x.s.plain_log() == "[notice] memcached unix:" +
                                 x.memcached.unix_path() + ": connected\n");
}

TEST_CASE("memcached: over TCP") {
    MemcachedServer memcached({}, MemcachedServer::Listen::at_port);
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
    CHECK(memcached.client().get("key") == "value");
}

TEST_CASE("memcached: without auth the text protocol will do") {
    MemcachedServer memcached({"-B", "ascii"});
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    s.put("key", "value");
    CHECK(s.fetch("key").value == "value");
    s.store().erase("key");
    CHECK(s.fetch("key").status == Status::miss);
    CHECK(s.logged("[error]") == 0);
}

TEST_CASE("memcached: a miss") {
    One x;
    const auto fetched = x.s.fetch("key");
    CHECK(fetched.status == Status::miss);
    CHECK(fetched.value.empty());
    CHECK(x.s.logged("[error]") == 0);
}

TEST_CASE("memcached: a stored value replaces any other") {
    One x;
    x.memcached.client().set("key", "first");
    x.s.put("key", "second");
    x.s.put("key", "third");
    CHECK(x.s.fetch("key").value == "third");
}

TEST_CASE("memcached: an erased value is gone, one that is not there too") {
    One x;
    x.s.put("key", "value");
    for (int i = 0; i < 2; ++i) {
        CHECK(x.s.store().erase("key") == Status::queued);
        CHECK(x.s.fetch("key").status == Status::miss);
    }
    CHECK_FALSE(x.memcached.client().exists("key"));
    CHECK(x.s.logged("[error]") == 0);
}

TEST_CASE("memcached: a value lives as long as it was stored for") {
    One x;
    // memcached takes more than 30 days for a point in time
    for (const std::chrono::seconds ttl :
         std::initializer_list<std::chrono::seconds>{
             60s, 24h * 30, 24h * 30 + 1s, 24h * 365}) {
        CAPTURE(ttl.count());
        CHECK(x.s.store().store("key", "value", ttl) == Status::queued);
        CHECK(x.s.fetch("key").status == Status::hit);
        const auto left = x.memcached.client().ttl("key");
        CHECK(left <= ttl.count() + 1);  // the clocks may differ
        CHECK(left > ttl.count() - 30);
    }
}

TEST_CASE("memcached: a time to live that ends after its calendar") {
    One x;
    for (const auto years : {15, 50, 1'000, 1'000'000}) {
        CAPTURE(years);
        const std::chrono::seconds ttl(31'556'952LL * years);
        x.s.store().store("key", std::to_string(years), ttl);
        CHECK(x.s.fetch("key").value == std::to_string(years));
    }
    CHECK(x.s.logged("[error]") == 0);
}

TEST_CASE("memcached: a time to live, as it is sent") {
    using backends::memcached::expiration_of;
    constexpr std::time_t now = 1'800'000'000;
    constexpr std::time_t latest = 0x7fffffff;
    CHECK(expiration_of(1s, now) == 1);
    CHECK(expiration_of(24h * 30, now) == 2'592'000);
    CHECK(expiration_of(24h * 30 + 1s, now) == now + 2'592'001);
    CHECK(expiration_of(std::chrono::seconds(latest - now), now) == latest);
    CHECK(expiration_of(std::chrono::seconds::max(), now) == latest);
    // when the last point in time is near, or has passed
    CHECK(expiration_of(24h * 365, latest - 10) == 2'592'000);
    CHECK(expiration_of(24h * 365, latest + 10) == 2'592'000);
    CHECK(expiration_of(60s, latest + 10) == 60);
}

TEST_CASE("memcached: when its time is over a value is gone") {
    One x;
    x.s.store().store("short", "value", 1s);
    x.s.store().store("long", "value", 300s);
    CHECK(x.s.loop.run_until(
        [&] { return x.s.fetch("short").status == Status::miss; }));
    CHECK(x.s.fetch("long").status == Status::hit);
}

TEST_CASE("memcached: values of others, with flags, are just bytes") {
    One x;
    x.memcached.client().set("key", "theirs", 0xffffffff);
    CHECK(x.s.fetch("key").status == Status::hit);
    CHECK(x.s.fetch("key").value == "theirs");
}

TEST_CASE("memcached: the longest keys there are") {
    One x;
    const std::string key(250, 'k');
    x.s.put(key, "value");
    CHECK(x.s.fetch(key).value == "value");
}

TEST_CASE("memcached: a fetch outside of a coroutine is unavailable") {
    One x;
    x.s.put("key", "value");
    CHECK(x.s.store().fetch("key").status == Status::busy);
    CHECK(x.s.fetch("key").value == "value");
}
