// add() stores a value only if the key has none, so only one caller succeeds.

#include "support/both_stores.hpp"
#include "support/fake_memcached.hpp"
#include "support/fake_redis.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using backends::Addition;
using backends::Status;
using namespace support;
using namespace std::chrono_literals;

TYPE_TO_STRING(FakeRedis);
TYPE_TO_STRING(FakeMemcached);

namespace {

template <class Server>
struct One {
    Server server;
    std::unique_ptr<TestStore> s;

    explicit One(const backends::Options& options = store_options())
        : s(store_of(server, options)) {
        REQUIRE(s->connects());
    }
};

template <class Fake>
struct Says;
template <>
struct Says<FakeRedis> {
    static constexpr auto added = "+OK\r\n";
    static constexpr auto exists = "$-1\r\n";
    static constexpr auto error = "-OOM command not allowed\r\n";
};
template <>
struct Says<FakeMemcached> {
    static constexpr auto added = "STORED\r\n";
    static constexpr auto exists = "NOT_STORED\r\n";
    static constexpr auto error = "SERVER_ERROR out of memory\r\n";
};

std::size_t count(const std::vector<std::shared_ptr<TestStore::Add>>& adds,
                  Addition result) {
    return static_cast<std::size_t>(
        std::count_if(adds.begin(), adds.end(), [&](const auto& add) {
            return add->done && add->result == result;
        }));
}

}  // namespace

STORE_TEST_CASE("add: the first is told so, and its value stays") {
    One<Server> x;
    CHECK(x.s->add("key", "first") == Addition::added);
    CHECK(x.s->add("key", "second") == Addition::exists);
    CHECK(x.s->fetch("key").value == "first");
    CHECK(x.server.ttl("key") > 30);
    CHECK(x.server.ttl("key") <= 61);
    x.s->store().erase("key");
    CHECK(x.s->add("key", "third") == Addition::added);
    CHECK(x.s->fetch("key").value == "third");
    CHECK(x.s->logged("[error]") == 0);
}

STORE_TEST_CASE("add: any bytes, up to those of the longest session") {
    One<Server> x;
    int i = 0;
    for (const std::string& value :
         {std::string(), std::string("\0\r\nEND\r\n", 8),
          std::string(64 * 1024, '\xff')}) {
        const auto key = std::to_string(i++);
        CHECK(x.s->add(key, value) == Addition::added);
        CHECK(x.s->fetch(key).status == Status::hit);
        CHECK(x.s->fetch(key).value == value);
    }
}

STORE_TEST_CASE("add: when its time is over it may be added again") {
    One<Server> x;
    CHECK(x.s->add("key", "value", 1s) == Addition::added);
    CHECK(x.s->loop.run_until(
        [&] { return x.s->add("key", "value", 60s) == Addition::added; }));
}

STORE_TEST_CASE("add: of many at once, one") {
    One<Server> x;
    One<Server>* y = &x;
    auto other = store_of(y->server, store_options());
    REQUIRE(other->connects());
    std::vector<std::shared_ptr<TestStore::Add>> here;
    std::vector<std::shared_ptr<TestStore::Add>> there;
    for (int i = 0; i < 50; ++i) {
        here.push_back(x.s->begin_add("key", std::to_string(i)));
        there.push_back(other->begin_add("key", std::to_string(i)));
    }
    CHECK(x.s->loop.run_until([&] { return here.back()->done; }));
    CHECK(other->loop.run_until([&] { return there.back()->done; }));
    CHECK(count(here, Addition::added) + count(there, Addition::added) == 1);
    CHECK(count(here, Addition::exists) + count(there, Addition::exists) == 99);
}

STORE_TEST_CASE("add: a lookup that began before it is not joined") {
    One<Server> x;
    const auto before = x.s->begin_fetch("key");
    const auto add = x.s->begin_add("key");
    const auto after = x.s->begin_fetch("key");
    CHECK(x.s->loop.run_until([&] { return after->done; }));
    CHECK(before->result.status == Status::miss);
    CHECK(add->result == Addition::added);
    CHECK(after->result.value == "value");
}

STORE_TEST_CASE("add: it takes a place in the queue") {
    auto options = store_options();
    options.count = 3;
    options.interval = 1h;
    One<Server> x(options);
    x.server.freeze();
    std::vector<std::shared_ptr<TestStore::Add>> adds;
    for (int i = 0; i < 3; ++i) {
        adds.push_back(x.s->begin_add("key"));
    }
    const auto refused = x.s->begin_add("key");
    CHECK(refused->done);
    CHECK(refused->result == Addition::unknown);
    CHECK(x.s->at_once(Status::busy));
    x.server.thaw();
    CHECK(x.s->loop.run_until([&] { return adds.back()->done; }));
    CHECK(count(adds, Addition::added) == 1);
    CHECK(count(adds, Addition::exists) == 2);
}

STORE_TEST_CASE("add: without an answer in time nothing is known") {
    One<Server> x;
    x.server.freeze();
    const auto add = x.s->begin_add("key");
    x.s->loop.run_turns(5);
    CHECK_FALSE(add->done);
    x.s->loop.skip(patience);
    CHECK(x.s->loop.run_until([&] { return add->done; }));
    CHECK(add->result == Addition::unknown);
    x.server.thaw();
    CHECK(x.s->connects(2));
    CHECK(x.s->add("another") == Addition::added);
}

STORE_TEST_CASE("add: with a lost connection nothing is known") {
    One<Server> x;
    x.server.freeze();
    const auto add = x.s->begin_add("key");
    x.s->loop.run_turns(5);
    x.server.kill9();
    CHECK(x.s->loop.run_until([&] { return add->done; }));
    CHECK(add->result == Addition::unknown);

    const auto down = x.s->begin_add("key");
    CHECK(down->done);
    CHECK(down->result == Addition::unknown);
    x.server.start();
    CHECK(x.s->connects(2));
    CHECK(x.s->add("key") == Addition::added);
}

STORE_TEST_CASE("add: at the start it waits for the connection") {
    Server server;
    auto s = store_of(server, store_options());
    const auto first = s->begin_add("key", std::string(1000, 'x'));
    const auto gone = s->begin_add("gone");
    s->scheduler.wake(gone->waker, coro::Wake::cancelled);
    CHECK(s->loop.run_until([&] { return first->done && gone->done; }));
    CHECK(first->result == Addition::added);
    CHECK(gone->result == Addition::unknown);
    CHECK(s->fetch("key").value == std::string(1000, 'x'));
    CHECK(s->fetch("gone").status == Status::miss);
}

STORE_TEST_CASE("add: cancelled, it is not known, and hurts nobody") {
    One<Server> x;
    x.server.freeze();
    const auto add = x.s->begin_add("key");
    x.s->loop.run_turns(5);
    x.s->scheduler.wake(add->waker, coro::Wake::cancelled);
    x.s->loop.run_turns(5);
    CHECK(add->done);
    CHECK(add->result == Addition::unknown);
    x.server.thaw();
    CHECK(x.s->add("other") == Addition::added);
}

STORE_TEST_CASE("add: outside of a coroutine nothing is known") {
    One<Server> x;
    CHECK(x.s->store().add("key", "value", 60s) == Addition::unknown);
    CHECK(x.s->fetch("key").status == Status::miss);
}

TEST_CASE_TEMPLATE("add: what a server may answer", Fake, FakeRedis,
                   FakeMemcached) {
    const auto answered = [](const std::string& answer) {
        Fake fake;
        const auto add = fake.store->begin_add("key");
        fake.store->loop.run_turns(5);
        fake.peer.send(answer);
        CHECK(fake.store->loop.run_until([&] { return add->done; }));
        return add->result;
    };
    CHECK(answered(Says<Fake>::added) == Addition::added);
    CHECK(answered(Says<Fake>::exists) == Addition::exists);
    CHECK(answered(Says<Fake>::error) == Addition::unknown);
    for (const std::string nonsense :
         {":1\r\n", "$5\r\nvalue\r\n", "*0\r\n", "END\r\n", "DELETED\r\n",
          "VALUE key 0 1\r\nx\r\nEND\r\n", "\r\n"}) {
        CAPTURE(nonsense);
        CHECK(answered(nonsense) == Addition::unknown);
    }
}
