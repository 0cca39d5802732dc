// Who waits for a key, and how long; and which names are not asked for.

#include "tickets/fleet.hpp"

#include <doctest/doctest.h>
#include <openssl/rand.h>

using namespace support;
using namespace std::chrono_literals;
using backends::Status;
using session_cache::tickets::TicketName;
using Fate = Meddled::Fate;

namespace {

constexpr TicketName none{};

// A fleet in which one member has what another one has to ask for.
template <class Server>
struct Asking {
    Server server{};
    Fleet fleet{server};
    Member& maker = fleet.add();
    TicketName name = none;
    Member* asker = nullptr;

    Asking() {
        REQUIRE(fleet.are_ready());
        name = maker.current();
        fleet.pass(1h);
        asker = &fleet.add();
        REQUIRE(fleet.are_ready());
        CHECK(asker->ring->find(name) == nullptr);
    }

    void lose() {
        fleet.remove(maker);
        for (const auto& seed : names_of(server, "seed")) {
            server.erase(seed);
        }
    }

    // Makes `n` fetches at once. Returns their results.
    std::vector<Status> fetch(std::size_t n) {
        std::vector<Status> all;
        const auto wanted = asker->ring->want(name);
        REQUIRE(wanted);
        for (std::size_t i = 0; i < n; ++i) {
            fleet.start([&] {
                all.push_back(asker->ring->fetch(*wanted, coro::never));
            });
        }
        CHECK(fleet.loop.run_until([&] { return all.size() == n; }));
        return all;
    }
};

// How many lookups the store has received.
std::uint64_t lookups(const RedisServer& server) {
    auto client = server.client();
    return std::stoull(client.info("stats", "keyspace_hits")) +
           std::stoull(client.info("stats", "keyspace_misses"));
}
std::uint64_t lookups(const MemcachedServer& server) {
    return std::stoull(server.client().stat("cmd_get"));
}

// Someone who waits for a first key.
struct Waiting {
    bool done = false;

    void begin(Fleet& fleet, Member& member, coro::Time deadline) {
        fleet.start([this, &member, deadline] {
            member.ring->await(deadline);
            done = true;
        });
    }
};

}  // namespace

STORE_TEST_CASE("tickets: a million random names ask for nothing") {
    Asking<Server> asking;
    const auto asked = asking.asker->store->asked();
    int wanted = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        TicketName name;
        REQUIRE(RAND_bytes(name.data(), name.size()) == 1);
        wanted += asking.asker->ring->want(name) ? 1 : 0;
    }
    asking.fleet.settle();
    CHECK(wanted == 0);
    CHECK(asking.asker->store->asked() == asked);
}

STORE_TEST_CASE("tickets: all who want a key at once ask for it once") {
    Asking<Server> asking;
    const auto before = lookups(asking.server);
    for (const Status status : asking.fetch(100)) {
        CHECK(status == Status::hit);
    }
    CHECK(lookups(asking.server) == before + 1);
    CHECK(asking.asker->ring->find(asking.name) != nullptr);
    CHECK(asking.asker->meter.fetched.get() == 3);  // it has two of its own
}

STORE_TEST_CASE("tickets: that there is no seed is remembered for a while") {
    Asking<Server> asking;
    asking.lose();
    const auto before = lookups(asking.server);
    for (int i = 0; i < 100; ++i) {
        for (const Status status : asking.fetch(100)) {
            CHECK(status == Status::miss);
        }
    }
    CHECK(lookups(asking.server) == before + 1);
    asking.fleet.loop.skip(199ms);  // Options::interval is 200 ms
    asking.fetch(1);
    CHECK(lookups(asking.server) <= before + 2);
    asking.fleet.loop.skip(200ms);
    asking.fetch(1);
    CHECK(lookups(asking.server) >= before + 2);
}

STORE_TEST_CASE("tickets: what was not there is asked for after a connection") {
    Asking<Server> asking;
    asking.lose();
    asking.fetch(1);
    const auto before = lookups(asking.server);
    asking.asker->ring->connected();
    asking.fetch(1);
    CHECK(lookups(asking.server) > before);
}

STORE_TEST_CASE("tickets: without a wait a key is there for the next") {
    Asking<Server> asking;
    Member& asker = *asking.asker;
    const auto before = lookups(asking.server);
    for (int i = 0; i < 1000; ++i) {
        asker.ring->fetch_later(*asker.ring->want(asking.name));
    }
    CHECK(asker.ring->find(asking.name) == nullptr);
    CHECK(asking.fleet.loop.run_until(
        [&] { return asker.ring->find(asking.name) != nullptr; }));
    asking.fleet.settle();
    CHECK(lookups(asking.server) == before + 1);
}

STORE_TEST_CASE("tickets: a store that does not answer is asked once for all") {
    Asking<Server> asking;
    Member& asker = *asking.asker;
    std::size_t asked = 0;
    asker.store->meddle = [&](auto, auto) {
        ++asked;
        return Fate::is_lost;
    };
    for (int i = 0; i < 1000; ++i) {
        asker.ring->fetch_later(*asker.ring->want(asking.name));
    }
    asking.fleet.settle();
    CHECK(asked == 1);
    asker.store->meddle = nullptr;
    asker.ring->fetch_later(*asker.ring->want(asking.name));
    asking.fleet.settle();
    CHECK(asker.ring->find(asking.name) != nullptr);
}

STORE_TEST_CASE("tickets: who waits for a first key goes on with it") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    std::optional<coro::Waker> waker;
    member.store->meddle = [&](auto what, auto) {
        if (what == "peek" && !waker) {
            waker = coro::next_wait();
            coro::wait();
        }
        return Fate::passes;
    };
    REQUIRE(fleet.loop.run_until([&] { return waker.has_value(); }));
    CHECK(member.ring->is_awaited());
    std::vector<Waiting> all(100);
    for (auto& one : all) {
        one.begin(fleet, member, coro::never);
        CHECK_FALSE(one.done);
    }
    Waiting until;
    until.begin(fleet, member, fleet.loop.now() + 10ms);
    CHECK(fleet.loop.run_until([&] { return until.done; }));
    CHECK(member.current() == none);
    CHECK_FALSE(all[0].done);

    fleet.scheduler.wake(*waker);
    CHECK(fleet.loop.run_until([&] {
        return std::ranges::all_of(all, [](auto& one) { return one.done; });
    }));
    CHECK(member.current() != none);
    CHECK_FALSE(member.ring->is_awaited());

    Waiting late;
    late.begin(fleet, member, coro::never);
    CHECK(late.done);
}

STORE_TEST_CASE("tickets: who waits for a first key goes on without it") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    std::optional<coro::Waker> waker;
    member.store->meddle = [&](auto, auto) {
        if (!waker) {
            waker = coro::next_wait();
            coro::wait();
        }
        return Fate::is_lost;
    };
    REQUIRE(fleet.loop.run_until([&] { return waker.has_value(); }));
    Waiting one;
    one.begin(fleet, member, coro::never);
    CHECK_FALSE(one.done);
    fleet.scheduler.wake(*waker);
    CHECK(fleet.loop.run_until([&] { return one.done; }));
    CHECK(member.current() == none);

    Waiting late;  // nobody is asking for a key any more
    late.begin(fleet, member, coro::never);
    CHECK(late.done);
}

STORE_TEST_CASE("tickets: nobody waits where none are made") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add({.rotate = 0s});
    fleet.settle();
    Waiting one;
    one.begin(fleet, member, coro::never);
    CHECK(one.done);
    CHECK(names_of(server, "seed").empty());
}

STORE_TEST_CASE("tickets: a store that is away is asked ever less often") {
    Server server;
    Fleet fleet(server);
    Member& member = fleet.add();
    member.store->is_away = true;
    fleet.settle();
    const auto before = member.store->asked();
    for (auto passed = 0ms; passed < 60s; passed += 50ms) {
        fleet.loop.skip(50ms);
        fleet.loop.run_turns(2);
    }
    const auto asked = member.store->asked() - before;
    CHECK(asked >= 7);
    CHECK(asked < 40);
}
