// Simultaneous lookups of one key share a single lookup.

#include "support/fake_memcached.hpp"
#include "support/fake_redis.hpp"

#include <doctest/doctest.h>

using backends::Status;
using namespace support;
using namespace std::chrono_literals;

TYPE_TO_STRING(FakeRedis);
TYPE_TO_STRING(FakeMemcached);

namespace {

template <class Fake>
constexpr const char* hit = "$5\r\nvalue\r\n";
template <>
constexpr const char* hit<FakeMemcached> = "VALUE key 0 5\r\nvalue\r\nEND\r\n";

template <class Fake>
constexpr const char* miss = "$-1\r\n";
template <>
constexpr const char* miss<FakeMemcached> = "END\r\n";

// What has been asked for since this was made.
template <class Fake>
class Asked {
  public:
    explicit Asked(Fake& fake)
        : fake_(fake), before_(fake.peer.received().size()) {}

    std::size_t keys() const {
        fake_.store->loop.run_turns(5);
        const std::string text = fake_.peer.received().substr(before_);
        std::size_t count = 0;
        for (auto at = text.find("key"); at != text.npos;
             at = text.find("key", at + 1)) {
            ++count;
        }
        return count;
    }

  private:
    Fake& fake_;
    std::size_t before_;
};

bool all_done(const TestStore::Fetches& fetches) {
    return std::all_of(fetches.begin(), fetches.end(),
                       [](const auto& fetch) { return fetch->done; });
}

template <class Fake>
TestStore::Fetches begin_alike(Fake& fake, std::size_t n) {
    TestStore::Fetches fetches(n);
    for (auto& fetch : fetches) {
        fetch = fake.store->begin_fetch("key");
    }
    return fetches;
}

}  // namespace

TEST_CASE_TEMPLATE("sharing: fetches of one key are one lookup", Fake,
                   FakeRedis, FakeMemcached) {
    Fake fake;
    const Asked asked(fake);
    const auto before = begin_alike(fake, 25);
    CHECK(asked.keys() == 1);
    const auto after = begin_alike(fake, 25);  // the first one has been sent
    CHECK(asked.keys() == 1);

    fake.peer.send(hit<Fake>);
    CHECK(fake.store->loop.run_until(
        [&] { return all_done(before) && all_done(after); }));
    for (const auto& fetch : before) {
        CHECK(fetch->result.value == "value");
    }
    for (const auto& fetch : after) {
        CHECK(fetch->result.value == "value");
    }
}

TEST_CASE_TEMPLATE("sharing: none joins a lookup that has ended", Fake,
                   FakeRedis, FakeMemcached) {
    Fake fake;
    for (int i = 0; i < 3; ++i) {
        CHECK(fake.fetch(miss<Fake>).status == Status::miss);
        CHECK(fake.fetch(hit<Fake>).value == "value");
    }
}

TEST_CASE_TEMPLATE("sharing: who leaves does not take the others along", Fake,
                   FakeRedis, FakeMemcached) {
    Fake fake;
    const auto fetches = begin_alike(fake, 10);
    for (const std::size_t i : {0, 5, 9}) {
        fake.store->scheduler.wake(fetches[i]->waker, coro::Wake::cancelled);
    }
    fake.store->loop.run_turns(5);
    fake.peer.send(hit<Fake>);
    CHECK(fake.store->loop.run_until([&] { return all_done(fetches); }));
    for (std::size_t i = 0; i < fetches.size(); ++i) {
        CHECK((fetches[i]->result.status == Status::hit) == (i % 5 && i != 9));
    }
}

TEST_CASE_TEMPLATE("sharing: a changed key is looked up anew", Fake, FakeRedis,
                   FakeMemcached) {
    for (const bool erased : {false, true}) {
        Fake fake;
        const auto first = fake.begin_fetch("key");
        if (erased) {
            CHECK(fake.store->store().erase("key") == Status::queued);
        } else {
            fake.store->store().store("key", "new", 60s);
        }
        const auto second = fake.store->begin_fetch("key");
        fake.peer.send(hit<Fake>);
        CHECK(fake.store->loop.run_until([&] { return first->done; }));
        CHECK(first->result.value == "value");
        fake.store->loop.run_turns(5);
        CHECK_FALSE(second->done);
        fake.peer.hang_up();
        CHECK(fake.store->loop.run_until([&] { return second->done; }));
    }
}

TEST_CASE_TEMPLATE("sharing: a lost connection releases all", Fake, FakeRedis,
                   FakeMemcached) {
    Fake fake;
    const auto fetches = begin_alike(fake, 10);
    fake.store->loop.run_turns(5);
    fake.peer.hang_up();
    CHECK(fake.store->loop.run_until([&] { return all_done(fetches); }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->result.status == Status::down);
    }
    CHECK(fake.store->at_once(Status::down));
    fake.reconnect();
    CHECK(fake.fetch(hit<Fake>).value == "value");
}

TEST_CASE("sharing: none joins a lookup that has its value") {
    FakeMemcached fake;
    const auto first = fake.begin_fetch("key");
    fake.peer.send("VALUE key 0 5\r\nvalue\r\n");
    CHECK(fake.store->loop.run_until([&] { return first->done; }));
    const auto second = fake.store->begin_fetch("key");

    const Asked asked(fake);
    fake.peer.send("END\r\n");
    CHECK(fake.store->loop.run_until([&] { return asked.keys() == 1; }));
    fake.peer.send(hit<FakeMemcached>);
    CHECK(fake.store->loop.run_until([&] { return second->done; }));
    CHECK(second->result.value == "value");
}

TEST_CASE("sharing: a lookup takes one place in the queue") {
    RedisServer redis;
    auto options = store_options(redis);
    options.count = 1;
    options.interval = 1h;
    TestStore s(options);
    REQUIRE(s.connects());
    redis.set("key", "value");
    redis.freeze();
    TestStore::Fetches fetches;
    for (int i = 0; i < 10; ++i) {
        fetches.push_back(s.begin_fetch("key"));
    }
    CHECK(s.fetch("another").status == Status::busy);
    redis.thaw();
    CHECK(s.loop.run_until([&] { return all_done(fetches); }));
    for (const auto& fetch : fetches) {
        CHECK(fetch->result.value == "value");
    }
}
