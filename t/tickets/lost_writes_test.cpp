// What a store loses, keeps to itself, or has changed: workers still agree on
// one key, and every ticket that was made opens everywhere.

#include "tickets/fleet.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace support;
using namespace std::chrono_literals;
using session_cache::tickets::TicketName;
using Fate = Meddled::Fate;

namespace {

constexpr TicketName none{};

// The keys that anybody has made tickets with at any time.
class Used {
  public:
    explicit Used(Fleet& fleet, const Fleet::Like& like = Fleet::Like())
        : fleet_(fleet), like_(like) {}

    void look() {
        for (const auto& member : fleet_.members()) {
            names_.insert(member->current());
        }
        names_.erase(none);
    }

    // Looks at each turn.
    template <class Predicate>
    bool until(Predicate&& predicate) {
        return fleet_.loop.run_until([&] {
            look();
            return predicate();
        });
    }

    void pass(std::chrono::seconds time) {
        for (; time > 0s; time -= 10s) {
            fleet_.pass(10s);
            look();
        }
    }

    // After a quarter of an hour all have noticed: all workers have one key,
    // and a newcomer opens all tickets that were ever made.
    void check() {
        pass(16min);
        const TicketName first = fleet_.members().front()->current();
        CHECK(first != none);
        for (const auto& member : fleet_.members()) {
            CHECK(member->current() == first);
        }
        Member& newcomer = fleet_.add(like_);
        CHECK(fleet_.are_ready());
        CHECK(newcomer.current() == first);
        for (const auto& member : fleet_.members()) {
            for (const TicketName& name : names_) {
                CHECK(fleet_.opens(*member, name));
            }
        }
    }

  private:
    Fleet& fleet_;
    const Fleet::Like like_;
    std::set<TicketName> names_;
};

bool has_key(const Member& member) {
    return member.current() != none;
}

// Gives a member's `nth` request this fate, and all later ones until it is
// healed.
struct Broken {
    std::size_t nth;
    Fate fate;
    bool is_healed = false;
    std::size_t seen = 0;

    void meddle_with(Member& member) {
        member.store->meddle = [this](auto, auto) {
            const bool breaks = ++seen >= nth && !is_healed;
            return breaks ? fate : Fate::passes;
        };
    }
};

// Lets a member's `nth` request wait until let_go().
struct Held {
    Fleet& fleet;
    std::size_t nth;
    std::optional<coro::Waker> waker{};
    std::size_t seen = 0;

    void meddle_with(Member& member) {
        member.store->meddle = [this](auto what, auto) {
            ++seen;
            if (what != "store" && what != "erase" && seen >= nth && !waker) {
                waker = coro::next_wait();
                coro::wait();
            }
            return Fate::passes;
        };
    }
    void let_go() const { fleet.scheduler.wake(*waker); }
};

}  // namespace

STORE_TEST_CASE("tickets: a store that fails at any step of a worker's first") {
    Server server;
    for (const Fate fate : {Fate::is_lost, Fate::answer_is_lost}) {
        for (std::size_t nth = 1; nth < 16; ++nth) {
            CAPTURE(static_cast<int>(fate));
            CAPTURE(nth);
            server.flush();
            Fleet fleet(server);
            Used used(fleet);
            Member& member = fleet.add();
            Broken broken{nth, fate};
            broken.meddle_with(member);
            fleet.settle();
            Member& other = fleet.add();  // it may have what the first left
            CHECK(used.until([&] { return has_key(other); }));
            used.pass(30s);
            broken.is_healed = true;
            used.pass(30s);
            CHECK(has_key(member));
            used.check();
        }
    }
}

STORE_TEST_CASE("tickets: another worker comes at any step, or all is lost") {
    Server server;
    for (const bool is_before : {false, true}) {
        for (const bool is_after : {false, true}) {
            for (std::size_t nth = 1; nth < 8; ++nth) {
                CAPTURE(is_before);
                CAPTURE(is_after);
                CAPTURE(nth);
                server.flush();
                Fleet fleet(server);
                Used used(fleet);
                Member& member = fleet.add();
                Held held{fleet, nth};
                held.meddle_with(member);
                used.until([&] { return held.waker || has_key(member); });
                if (!held.waker) {
                    member.store->meddle = nullptr;  // it makes fewer
                }
                if (is_before) {
                    server.flush();
                }
                Member& other = fleet.add();
                CHECK(used.until([&] { return has_key(other); }));
                if (is_after) {
                    server.flush();
                }
                if (held.waker) {
                    held.let_go();
                }
                CHECK(used.until([&] { return has_key(member); }));
                used.check();
            }
        }
    }
}

STORE_TEST_CASE("tickets: a store that loses records, or changes them") {
    using Change = std::function<void(const Server&, const std::string& seed,
                                      const std::string& slot)>;
    const std::vector<std::pair<std::string, Change>> changes{
        {"both are lost",
         [](auto& server, auto& seed, auto& slot) {
             server.erase(seed);
             server.erase(slot);
         }},
        {"the pointer is lost",
         [](auto& server, auto&, auto& slot) { server.erase(slot); }},
        {"the seed is lost",
         [](auto& server, auto& seed, auto&) { server.erase(seed); }},
        {"the pointer is garbage",
         [](auto& server, auto&, auto& slot) { server.set(slot, "garbage"); }},
        {"the seed is garbage",
         [](auto& server, auto& seed, auto&) { server.set(seed, "garbage"); }},
        {"the pointer is cut short",
         [](auto& server, auto&, auto& slot) {
             server.set(slot, server.get(slot)->substr(1));
         }},
        {"the seed is where the pointer was",
         [](auto& server, auto& seed, auto& slot) {
             server.set(slot, *server.get(seed));
         }},
        {"the pointer is where the seed was",
         [](auto& server, auto& seed, auto& slot) {
             server.set(seed, *server.get(slot));
         }},
        {"both are empty",
         [](auto& server, auto& seed, auto& slot) {
             server.set(slot, "");
             server.set(seed, "");
         }},
    };
    for (const bool is_newcomer : {false, true}) {
        for (const auto& each : changes) {
            CAPTURE(is_newcomer);
            CAPTURE(each.first);
            Server server;
            Fleet fleet(server);
            Used used(fleet);
            fleet.add();
            fleet.add();
            REQUIRE(fleet.are_ready());
            used.look();
            const Member& member = *fleet.members()[0];
            each.second(server, seed_in_use(member), slot_in_use(member));
            if (is_newcomer) {
                Member& newcomer = fleet.add();
                CHECK(used.until([&] { return has_key(newcomer); }));
            }
            used.check();
        }
    }
}

STORE_TEST_CASE(
    "tickets: records of another slot are not taken for this one's") {
    Server server;
    Fleet fleet(server);
    Used used(fleet);
    fleet.add();
    REQUIRE(fleet.are_ready());
    const auto old_seed = *server.get(seed_in_use(*fleet.members()[0]));
    const auto old_slot = *server.get(slot_in_use(*fleet.members()[0]));
    const auto old = fleet.members()[0]->current();
    used.pass(1h);
    CHECK(fleet.members()[0]->current() != old);
    // Whoever changed the store, it serves only records of the old slot.
    for (const auto& name : names_of(server, "seed")) {
        server.set(name, old_seed);
    }
    for (const auto& name : names_of(server, "slot")) {
        server.set(name, old_slot);
    }
    Member& newcomer = fleet.add();
    CHECK(used.until([&] { return has_key(newcomer); }));
    CHECK(newcomer.current() != old);
    used.check();
}

STORE_TEST_CASE("tickets: an old pointer that comes back is adopted by all") {
    Server server;
    Fleet fleet(server);
    Used used(fleet);
    fleet.add();
    REQUIRE(fleet.are_ready());
    used.look();
    const auto slot = slot_in_use(*fleet.members()[0]);
    const auto old = *server.get(slot);
    server.flush();
    Member& newcomer = fleet.add();
    CHECK(used.until([&] { return has_key(newcomer); }));
    CHECK(newcomer.current() != fleet.members()[0]->current());
    used.pass(16min);
    CHECK(newcomer.current() == fleet.members()[0]->current());
    server.set(slot, old);
    used.check();
}

TEST_CASE("tickets: a pointer never comes before its seed") {
    RedisServer server;
    Fleet fleet(server);
    Member& member = fleet.add();
    const auto look = [&](auto, auto) {
        CHECK(names_of(server, "slot").size() <=
              names_of(server, "seed").size());
        return Fate::passes;
    };
    member.store->meddle = look;
    REQUIRE(fleet.are_ready());
    server.flush();
    fleet.pass(2h);
    CHECK(names_of(server, "slot").size() >= 2);
    server.flush();
    member.ring->connected();
    fleet.settle();
    CHECK(names_of(server, "slot").size() >= 1);
}

TEST_CASE("tickets: however many seeds were lost, one look brings them back") {
    RedisServer server;
    Fleet fleet(server);
    Member& member = fleet.add({.rotate = 1min, .life = 30min});
    REQUIRE(fleet.are_ready());
    fleet.pass(40min);
    const auto before = names_of(server, "seed").size();
    CHECK(before > 30);
    server.flush();
    member.ring->connected();
    fleet.settle();
    CHECK(names_of(server, "seed").size() >= before);

    // And when all are there, few are looked for.
    const auto asked = member.store->asked();
    member.ring->connected();
    fleet.settle();
    CHECK(member.store->asked() - asked <= 10);
}

TEST_CASE("tickets: workers do not all look for the same seeds") {
    RedisServer server;
    Fleet fleet(server);
    for (int i = 0; i < 10; ++i) {
        fleet.add({.rotate = 1min, .life = 30min});
    }
    REQUIRE(fleet.are_ready());
    fleet.pass(20min);
    std::set<std::string> looked_for;
    for (const auto& member : fleet.members()) {
        member->store->meddle = [&](auto what, auto key) {
            if (what == "peek" && key.find("seed:") != key.npos) {
                looked_for.emplace(key);
            }
            return Fate::passes;
        };
        member->ring->connected();
    }
    fleet.settle();
    CHECK(looked_for.size() > 10);
}

STORE_TEST_CASE("tickets: a store that was restarted gets all back at once") {
    Server server;
    Fleet fleet(server);
    const Fleet::Like like{.life = 24h};
    Used used(fleet, like);
    Member& member = fleet.add(like);
    REQUIRE(fleet.are_ready());
    used.pass(3h);
    const auto keys = member.meter.keys.now();
    CHECK(keys >= 4);
    server.kill9();
    fleet.loop.run_turns(10);
    server.start();
    CHECK(fleet.loop.run_until([&] {
        fleet.loop.skip(100ms);
        return names_of(server, "seed").size() == keys;
    }));
    fleet.settle();
    CHECK(member.meter.put_back.get() >= keys);
    used.check();
}
