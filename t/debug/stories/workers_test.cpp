// What workers ask of a store beside sessions, and who is no worker.

#include "debug/script.hpp"

#include <doctest/doctest.h>

using namespace support;
using debug::End;
using std::chrono::milliseconds;

namespace {

std::string setex(int n) {
    return redis_command({"SETEX", key(n), "300", "abc"});
}

std::string digits(int n) {
    return key(n).substr(8);
}

std::string claim() {
    return redis_command(
        {"SET", "ngx_ssl:early:" + digits(7), "1", "EX", "60", "NX"});
}

std::string early_hello(int n) {
    return client_hello(
        {id(9), tls13_offered() + extension(42, "") + identities({id(n)})});
}

void end13(Script& script, RawTcp& tcp) {
    script.add(
        tcp.answer(server_hello({id(9), tls13_chosen() + chosen_identity(0)})));
    script.add(tcp.say(record(23, std::string(60, 'f'))));
}

bool has_event(const debug::Story& story, const std::string& kind) {
    return (' ' + kinds(story) + ' ').find(' ' + kind + ' ') !=
           std::string::npos;
}

}  // namespace

TEST_CASE("workers: a claim is told in the story of its early data") {
    Script script;
    RawTcp store(1, 50000, 6379);
    RawTcp tcp(5, 40000, 443);
    RawTcp other(6, 40000, 443);
    script.add(store.open());
    script.add(tcp.open());
    script.add(other.open());
    // One without early data waits, too.
    script.add(other.say(
        client_hello({id(9), tls13_offered() + identities({id(2)})})));
    script.add(tcp.say(early_hello(1)));
    script.add(store.say(redis_get(key(1))));
    script.add(store.answer(hit));
    script.add(store.say(claim()));
    bool replay = false;
    SUBCASE("which is the first") {
        script.add(store.answer("+OK\r\n"));
    }
    SUBCASE("which is a replay") {
        script.add(store.answer(miss));
        replay = true;
    }
    end13(script, tcp);
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 2);
    const auto& story = observed.stories[0];
    CHECK(story.status == "HIT");
    CHECK(story.lookup.value() == std::chrono::microseconds(10));
    CHECK(kinds(story) ==
          std::string("client_hello store_get store_hit store_claim ") +
              (replay ? "store_replay" : "store_claimed") +
              " server_hello completed");
    CHECK_FALSE(has_event(observed.stories[1], "store_claim"));
    CHECK(observed.summary.stores().replays == (replay ? 1 : 0));
}

TEST_CASE("workers: whose claim it is may not be known") {
    Script script;
    RawTcp store(1, 50000, 6379);
    script.add(store.open());
    std::vector<RawTcp> clients;
    for (int n = 1; n <= 2; ++n) {
        RawTcp& tcp = clients.emplace_back(4 + n, 40000, 443);
        script.add(tcp.open());
        script.add(tcp.say(early_hello(n)));
    }
    script.add(store.say(claim()));
    script.add(store.answer("+OK\r\n"));
    for (RawTcp& tcp : clients) {
        end13(script, tcp);
    }
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 2);
    for (const auto& story : observed.stories) {
        CHECK_FALSE(has_event(story, "store_claim"));
        CHECK(has_note(story, "or of another one"));
    }
    CHECK(observed.summary.stores().claims == 1);
}

TEST_CASE("workers: the key of a ticket is told where a ticket waits") {
    Script script;
    RawTcp store(1, 50000, 6379);
    RawTcp tcp(5, 40000, 443);
    script.add(store.open());
    script.add(tcp.open());
    script.add(tcp.say(client_hello(
        {id(9), tls13_offered() + identities({std::string(200, 'T')})})));
    script.add(store.say(redis_get("ngx_ssl:seed:" + digits(3))));
    script.add(store.answer(hit));
    end13(script, tcp);
    // Nobody waits for this one.
    script.add(store.say(redis_get("ngx_ssl:slot:" + digits(4))));
    script.add(store.answer(miss));
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 1);
    const auto& story = observed.stories[0];
    CHECK(story.end == End::resumed);
    CHECK(story.status == "-");
    CHECK(story.by_ticket);
    CHECK_FALSE(story.lookup.has_value());
    CHECK(kinds(story) ==
          "client_hello store_seed store_hit server_hello completed");
    CHECK(observed.summary.stores().seeds == 2);
    CHECK(observed.summary.stores().unjoined == 0);
}

TEST_CASE("workers: replicas and monitors are none") {
    Script script;
    RawTcp store(1, 50000, 6379);
    RawTcp tcp(5, 40000, 443);
    look_up(script, store, tcp, 1, miss);
    end12(script, tcp, 1, false);
    script.add(store.say(setex(9)));
    script.add(store.answer("+OK\r\n"));

    RawTcp guest(8, 50000, 6379);
    std::uint64_t guests = 1;
    SUBCASE("a replica, from its start") {
        script.add(guest.open());
        script.add(guest.say(redis_command({"PING"})));
        script.add(guest.answer("+PONG\r\n"));
        script.add(
            guest.say(redis_command({"REPLCONF", "listening-port", "6380"})));
        script.add(guest.answer("+OK\r\n"));
        script.add(guest.say(redis_command({"PSYNC", "?", "-1"})));
        script.add(guest.answer("+FULLRESYNC x 0\r\n$4\r\nRDB!"));
        script.add(guest.answer(setex(9) + redis_command({"DEL", key(1)})));
    }
    SUBCASE("a replica whose stream is under way") {
        // Who speaks is its master.
        script.add(guest.answer(setex(9)));
        script.add(guest.answer(redis_command({"DEL", key(1)})));
        script.add(guest.say(redis_command({"REPLCONF", "ACK", "4711"})));
        script.add(guest.answer(setex(9)));
    }
    SUBCASE("a monitor") {
        script.add(guest.open());
        script.add(guest.say(redis_command({"MONITOR"})));
        script.add(guest.answer("+OK\r\n+1700000000.1 [0 10.0.0.8:1] \"GET\" "
                                "\"" +
                                key(1) + "\"\r\n"));
    }
    SUBCASE("an exporter, which looks at keys") {
        script.add(guest.open());
        script.add(guest.say(redis_command({"INFO", "all"})));
        script.add(guest.answer("$3\r\nabc\r\n"));
        script.add(guest.say(redis_get(key(1))));
        script.add(guest.answer(hit));
    }
    SUBCASE("but a worker asks for figures, too") {
        script.add(guest.open());
        script.add(guest.say(redis_command({"INFO", "stats"}) +
                             redis_command({"ROLE"})));
        guests = 0;
    }
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 1);
    CHECK(observed.stories[0].status == "MISS");
    CHECK(kinds(observed.stories[0]) ==
          "client_hello store_get store_miss server_hello completed "
          "store_set");
    const auto& counts = observed.summary.stores();
    CHECK(counts.set_aside == guests);
    CHECK(counts.sets == 1);
    CHECK(counts.erases == 0);
    CHECK(counts.hits == 0);
    CHECK(counts.misses == 1);
    CHECK(counts.unanswered == 0);
    const auto told = observed.summary.reservations();
    CHECK(std::any_of(told.begin(), told.end(), [](const auto& line) {
              return line.find("not a worker's") != std::string::npos;
          }) == (guests != 0));
}

TEST_CASE("workers: a set is not the get that was sent to another server") {
    Script script;
    RawTcp store(2, 50000, 6379);
    RawTcp first(5, 40000, 443);
    RawTcp second(6, 40000, 443);
    look_up(script, store, first, 1, "-MOVED 1 10.0.0.7:6379\r\n");
    script.add(second.open());
    script.add(second.say(client_hello({id(1)})));
    script.add(store.say(setex(1)));
    script.add(store.answer("+OK\r\n"));
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 2);
    // It belongs to the one for which less was asked.
    CHECK_FALSE(has_event(observed.stories[0], "store_set"));
    CHECK(has_event(observed.stories[1], "store_set"));
}

TEST_CASE("workers: a lookup is for who does not wait for one already") {
    Script script;
    RawTcp one(2, 50000, 6379);
    RawTcp other(3, 50000, 6379);
    RawTcp first(5, 40000, 443);
    RawTcp second(6, 40000, 443);
    for (RawTcp* tcp : {&one, &other, &first, &second}) {
        script.add(tcp->open());
    }
    const auto ask = [&](RawTcp& store) {
        script.add(store.say(redis_command({"GET", key(1)})));
    };
    script.add(first.say(client_hello({id(1)})));
    ask(one);
    script.add(second.say(client_hello({id(1)})));
    ask(other);
    script.add(other.answer(miss));
    ask(other);
    script.add(other.answer(miss));
    script.add(one.answer(hit));
    end12(script, first, 1, true);
    end12(script, second, 1, false);
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 2);
    CHECK(observed.stories[0].status == "HIT");
    CHECK(observed.stories[1].status == "MISS");
    CHECK(kinds(observed.stories[1]) ==
          "client_hello store_get store_miss store_get store_miss server_hello "
          "completed");
}

TEST_CASE("workers: a lookup of any offered session is shared") {
    Script script;
    RawTcp store(2, 50000, 6379);
    RawTcp first(5, 40000, 443);
    RawTcp second(6, 40000, 443);
    for (RawTcp* tcp : {&store, &first, &second}) {
        script.add(tcp->open());
    }
    script.add(first.say(
        client_hello({id(9), tls13_offered() + identities({id(2)})})));
    script.add(store.say(redis_command({"GET", key(2)})));
    script.add(second.say(
        client_hello({id(9), tls13_offered() + identities({id(1), id(2)})})));
    script.add(store.answer(hit));
    end13(script, first);
    script.add(second.answer(
        server_hello({id(9), tls13_chosen() + chosen_identity(1)})));
    script.add(second.say(record(23, std::string(60, 'f'))));
    const auto observed = script.observe();
    REQUIRE(observed.stories.size() == 2);
    for (const auto& story : observed.stories) {
        CHECK(story.status == "HIT");
        CHECK(story.shared == (story.offered.size() == 2));
    }
}
