// PINGs are sent on an idle connection, further and further apart, and on no
// other.

#include "support/test_store.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr coro::Time interval{60'000};
constexpr coro::Time timeout = 1h;

struct Pinged {
    RedisServer redis;
    RedisClient client = redis.client();
    TestStore s;
    int first;

    explicit Pinged(coro::Time the_timeout = timeout)
        : s(options(the_timeout)) {
        REQUIRE(s.connects());
        first = count();
    }

    backends::Options options(coro::Time the_timeout) const {
        auto options = store_options(redis);
        options.interval = interval;
        options.timeout = the_timeout;
        return options;
    }

    int count() {
        const auto stats = client.info("commandstats", "cmdstat_ping");
        return std::stoi(stats.substr(sizeof "calls=" - 1));
    }

    // The PINGs since the store came up, once all that was under way is done.
    int pings() {
        s.loop.run_turns(5);
        count();
        count();  // by now the server has sent all answers
        s.loop.run_turns(5);
        return count() - first;
    }
};

}  // namespace

TEST_CASE("redis ping: the longer a connection is idle the fewer it has") {
    Pinged p;
    CHECK(p.pings() == 0);
    auto pause = interval;
    for (int i = 1; i <= 10; ++i) {
        p.s.loop.skip(pause - 5s);
        CHECK(p.pings() == i - 1);
        p.s.loop.skip(5s);
        CHECK(p.pings() == i);
        pause = std::min(2 * pause, coro::Time(timeout));
    }
    CHECK(p.s.logged("[error]") == 0);

    // after a request it is as if the connection were new
    CHECK(p.s.fetch("key").status == Status::miss);
    p.s.loop.skip(interval);
    CHECK(p.pings() == 11);
}

TEST_CASE("redis ping: they are an interval apart if that is longer") {
    Pinged p(interval / 2);
    for (int i = 1; i <= 5; ++i) {
        p.s.loop.skip(interval);
        CHECK(p.pings() == i);
    }
}

TEST_CASE("redis ping: a busy connection has none") {
    Pinged p;
    for (int i = 0; i < 20; ++i) {
        p.s.loop.skip(interval - 5s);
        CHECK(p.s.fetch("key").status == Status::miss);
    }
    CHECK(p.pings() == 0);

    p.s.loop.skip(interval);
    CHECK(p.pings() == 1);
}

TEST_CASE("redis ping: stores keep it busy, too") {
    Pinged p;
    for (int i = 0; i < 20; ++i) {
        p.s.loop.skip(interval - 5s);
        CHECK(p.s.store().store("key", std::to_string(i), 3600s) ==
              Status::queued);
        CHECK(p.s.loop.run_until(
            [&] { return p.client.get("key") == std::to_string(i); }));
        CHECK(p.pings() == 0);
    }
}

TEST_CASE("redis ping: none is sent while another answer is waited for") {
    Pinged p;
    p.redis.freeze();
    const auto fetch = p.s.begin_fetch("key");
    p.s.loop.run_turns(5);
    p.s.loop.skip(10 * interval);
    p.s.loop.run_turns(5);
    CHECK_FALSE(fetch->done);
    p.redis.thaw();
    CHECK(p.s.loop.run_until([&] { return fetch->done; }));
    CHECK(p.pings() == 0);
}

TEST_CASE("redis ping: an answered fetch after a PING is its own") {
    Pinged p;
    p.s.put("key", "value");
    p.s.loop.skip(interval);
    CHECK(p.s.fetch("key").value == "value");
    CHECK(p.s.fetch("other").status == Status::miss);
}
