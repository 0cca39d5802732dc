// Many lookups at a time in few round trips, and the queue's length.

#include "support/fake_memcached.hpp"

#include <doctest/doctest.h>
#include <malloc.h>
#include <sstream>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

namespace {

std::string key(int i) {
    return "key" + std::to_string(i);
}

std::string value(int i) {
    return "value of " + std::to_string(i) + std::string(i % 300, '.');
}

constexpr std::size_t count = 10;

struct ShortQueue {
    MemcachedServer memcached;
    TestStore s;

    ShortQueue() : s({store_server(memcached)}, options()) {
        REQUIRE(s.connects());
        s.put("key", "value");
    }

    static backends::Options options() {
        auto result = store_options();
        result.count = count;
        result.interval = 1h;  // a PING would be in the queue, too
        return result;
    }
};

}  // namespace

TEST_CASE("memcached many: thousands of fetches, each gets its own value") {
    constexpr int total = 5000;
    MemcachedServer memcached;
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    for (int i = 0; i < total; i += 2) {
        CHECK(s.store().store(key(i), value(i), 60s) == Status::queued);
    }
    s.fetch("last");

    int right = 0;
    int ended = 0;
    for (int i = 0; i < total; ++i) {
        s.start([&, i] {
            const auto fetched = s.store().fetch(key(i));
            right += i % 2 ? fetched.status == Status::miss
                           : fetched.value == value(i);
            ++ended;
        });
    }
    CHECK(s.loop.run_until([&] { return ended == total; }));
    CHECK(right == total);
}

TEST_CASE("memcached many: hits leave nothing behind") {
    MemcachedServer memcached;
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    s.put("key", std::string(2000, 'x'));
    s.fetch("key");

    const auto before = mallinfo2().uordblks;
    for (int i = 0; i < 500; ++i) {
        REQUIRE(s.fetch("key").status == Status::hit);
    }
    CHECK(mallinfo2().uordblks < before + 100'000);
}

TEST_CASE("memcached many: fetches of the same key") {
    MemcachedServer memcached;
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    s.put("key", "value");
    std::vector<std::shared_ptr<TestStore::Fetch>> fetches;
    fetches.reserve(1000);
    for (int i = 0; i < 1000; ++i) {
        fetches.push_back(s.begin_fetch("key"));
    }
    CHECK(s.loop.run_until([&] { return fetches.back()->done; }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->result.value == "value");
    }
}

TEST_CASE("memcached many: what comes together is one multi-get") {
    FakeMemcached fake;
    const auto before = fake.peer.received().size();
    const auto fetches = fake.store->begin_fetches(100, "key");
    CHECK(fake.store->loop.run_until([&] {
        return fake.peer.received().find("key99\r\n", before) !=
               std::string::npos;
    }));
    const auto sent = fake.peer.received().substr(before);
    CHECK(count_lines(sent, "get ") == 1);

    // in any order, and not all
    fake.peer.send("VALUE key7 0 5\r\nseven\r\nVALUE key3 0 5\r\nthree\r\n"
                   "END\r\n");
    CHECK(fake.store->loop.run_until([&] { return fetches.back()->done; }));
    CHECK(fetches[3]->result.value == "three");
    CHECK(fetches[7]->result.value == "seven");
    CHECK(fetches[5]->result.status == Status::miss);
}

TEST_CASE("memcached many: no line is longer than a server takes") {
    FakeMemcached fake;
    const auto before = fake.peer.received().size();
    const std::string long_key(200, 'k');
    const auto fetches = fake.store->begin_fetches(100, long_key);
    CHECK(fake.store->loop.run_until([&] {
        return fake.peer.received().find("k99\r\n", before) !=
               std::string::npos;
    }));
    std::istringstream lines(fake.peer.received().substr(before));
    int n = 0;
    for (std::string line; std::getline(lines, line); ++n) {
        CHECK(line.size() < 2048);
        fake.peer.send("END\r\n");
    }
    CHECK(n == 10);
    CHECK(fake.store->loop.run_until([&] { return fetches.back()->done; }));
    CHECK(fetches.front()->result.status == Status::miss);
}

TEST_CASE("memcached many: a key does not join a line that has been sent") {
    FakeMemcached fake;
    const auto first = fake.begin_fetch("first");
    const auto second = fake.begin_fetch("second");
    fake.peer.send("END\r\n");
    CHECK(fake.store->loop.run_until([&] { return first->done; }));
    CHECK_FALSE(second->done);
    fake.peer.send("VALUE second 0 1\r\nx\r\nEND\r\n");
    CHECK(fake.store->loop.run_until([&] { return second->done; }));
    CHECK(second->result.value == "x");
}

TEST_CASE("memcached many: a change between two lookups keeps its place") {
    MemcachedServer memcached;
    TestStore s({store_server(memcached)});
    REQUIRE(s.connects());
    s.put("key", "old");
    const auto before = s.begin_fetch("key");
    s.store().store("key", "new", 60s);
    const auto after = s.begin_fetch("key");
    s.store().erase("key");
    const auto last = s.begin_fetch("key");
    CHECK(s.loop.run_until([&] { return last->done; }));
    CHECK(before->result.value == "old");
    CHECK(after->result.value == "new");
    CHECK(last->result.status == Status::miss);
}

TEST_CASE("memcached many: sets do not wait for an answer one by one") {
    FakeMemcached fake;
    const auto before = fake.peer.received().size();
    for (int i = 0; i < 100; ++i) {
        fake.store->store().store(key(i), "x", 60s);
    }
    CHECK(fake.store->loop.run_until([&] {
        return fake.peer.received().find(key(99), before) != std::string::npos;
    }));
    CHECK(count_lines(fake.peer.received().substr(before), "noreply") == 0);
}

TEST_CASE("memcached queue: when it is full everything is refused, at once") {
    ShortQueue x;
    for (std::size_t i = 0; i < count; ++i) {
        x.s.put(key(static_cast<int>(i)), "value");
    }
    x.memcached.freeze();
    const auto fetches = x.s.begin_fetches(count, "key");
    for (int i = 0; i < 100; ++i) {
        CHECK(x.s.at_once(Status::busy));
        CHECK(x.s.store().store("other", "x", 60s) == Status::busy);
        CHECK(x.s.store().erase("key") == Status::busy);
        x.s.loop.run_once();
    }

    x.memcached.thaw();
    CHECK(x.s.loop.run_until([&] { return fetches.back()->done; }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->result.value == "value");
    }
    CHECK(x.s.fetch("other").status == Status::miss);
    CHECK(x.s.fetch("key").status == Status::hit);
    CHECK(x.s.logged("queueing failed: queue is full: 10") == 1);
    CHECK(x.s.logged("[error]") == 1);
}

TEST_CASE("memcached queue: a lost connection empties it") {
    ShortQueue x;
    x.memcached.freeze();
    x.s.begin_fetches(count, "key");
    CHECK(x.s.at_once(Status::busy));
    x.memcached.kill9();
    CHECK(x.s.logs("connection lost"));
    CHECK(x.s.at_once(Status::down));
    x.memcached.start();
    x.s.loop.skip(1h);
    CHECK(x.s.connects(2));
    CHECK(x.s.fetch("key").status == Status::miss);
}
